"""Undoing a run: exactly, except what was changed since; and what comes after it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from wxyc_assets.adapters.postgres.artwork_store import COVER, ArtworkStore, LookupOutcome
from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.adapters.postgres.journal_store import JournalStore
from wxyc_assets.domain.artwork import CoverScope
from wxyc_assets.domain.candidates import Cohort, NotDue, Scope
from wxyc_assets.domain.coverage import CoverageRules
from wxyc_assets.domain.journal import JournalSubject, LeftAlone, RevertResult
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.explain import explain
from wxyc_assets.flows.revert import NothingToRevert, plan_revert, revert_run
from wxyc_assets_tests.integration.flows.station import RANGES, WIDE, IdentityHarness, opening
from wxyc_assets_tests.support.answers import (
    EVERYTHING,
    Json,
    apply,
    candidate,
    compilation,
    entry,
    single,
    store,
    track,
    unresolved,
)
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import album, put, url_of

NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)
MONTH = timedelta(days=30)
DISCOGS, SPOTIFY = entry("discogs", "388"), entry("spotify", "3SjdVAwFLH7Bf0hx3rPR9Y")
URL = "https://i.discogs.com/a.jpeg"
EXACT = ("library", "library_identity", "library_identity_source", "compilation_track_artist")
"""The tables that a revert restores; the history grows, and the Backend moves its watermark."""
IDENTITY, CREDITS, ATTEMPT = (
    JournalSubject.IDENTITY,
    JournalSubject.CREDITS,
    JournalSubject.ATTEMPT,
)


class Journaled:
    """A database, runs over it by name, and their reverts."""

    def __init__(self, backend_db: BackendDb, database: Database) -> None:
        self.backend_db, self.database = backend_db, database

    async def run(self, run_id: str, *answers: Json, days: float = 0) -> None:
        """Have LML answer and the answers be applied; tracks make a compilation."""
        at = NOW + timedelta(days=days)
        cohorts = [
            Cohort.VA if each["kind"] == "compilation" else Cohort.NON_VA for each in answers
        ]
        asked = [
            candidate(each["library_id"], of) for each, of in zip(answers, cohorts, strict=True)
        ]
        if asked:
            await store(self.database, at, asked, answers)
        await apply(self.database, at, WIDE, EVERYTHING, run_id)

    async def revert(self, run_id: str, revert_id: str = "revert", days: float = 1) -> RevertResult:
        at = NOW + timedelta(days=days)
        journal = JournalStore(self.database, clock=lambda: at)
        return await revert_run(journal, run_id, RANGES, run_id=revert_id, reverted_by="a test")

    def tables(self) -> dict[str, object]:
        found = self.backend_db.tables()
        return {name: found[name] for name in EXACT}

    async def is_due(self, library_id: int, *, days: float, scope: Scope = WIDE) -> bool:
        at = NOW + timedelta(days=days)
        due = await IdentityStore(self.database, clock=lambda: at).due(EVERYTHING, scope)
        return library_id in {each.candidate.library_id for each in due}


@pytest.fixture
def journaled(backend_db: BackendDb, opened: Database) -> Journaled:
    for each in range(1, 5):
        backend_db.record(each)
    return Journaled(backend_db, opened)


async def test_the_revert_of_a_whole_run_restores_the_tables_exactly(
    station: IdentityHarness,
) -> None:
    before = station.backend_db.tables()
    await station.run(WIDE)
    written = station.backend_db.tables()
    assert all(written[name] != before[name] for name in EXACT)
    run_id = station.backend_db.value("select distinct run_id from library_journal")
    async with opening(station.url) as database:
        journaled = Journaled(station.backend_db, database)
        result = await journaled.revert(run_id)
        assert result.left_alone == []
        assert journaled.tables() == {name: before[name] for name in EXACT}
        await journaled.revert("revert", "revert of the revert")
        assert journaled.tables() == {name: written[name] for name in EXACT}


async def test_a_dry_run_says_what_a_revert_would_do_and_changes_nothing(
    journaled: Journaled,
) -> None:
    await journaled.run("first", single(1, DISCOGS), unresolved(2))
    before = journaled.backend_db.versions()
    planned = await plan_revert(JournalStore(journaled.database), "first")
    assert (planned.reverted, planned.is_applied) == ({IDENTITY: 1, ATTEMPT: 1}, False)
    assert journaled.backend_db.versions() == before
    assert journaled.backend_db.rows("select * from library_revert") == []


@pytest.mark.parametrize("is_applied", [True, False])
async def test_what_was_changed_since_is_left_alone_and_listed_with_the_reason(
    journaled: Journaled, is_applied: bool
) -> None:
    await journaled.run("first", *(single(each, DISCOGS) for each in (1, 2, 3, 4)))
    await journaled.run("second", single(2, SPOTIFY), days=8)
    journaled.backend_db.execute(
        "update library_identity set notes = 'by hand' where library_id = 3"
    )
    for table in ("library_identity_source", "library_identity"):
        journaled.backend_db.execute(f"delete from {table} where library_id = 4")
    journaled.backend_db.execute("delete from library where id = 4")
    before = journaled.backend_db.rows("select * from library_identity where library_id > 1")
    if is_applied:
        result = await journaled.revert("first", days=9)
    else:
        result = await plan_revert(JournalStore(journaled.database), "first")
    assert result.reverted == {IDENTITY: 1}
    assert result.left_alone == [
        LeftAlone(2, IDENTITY, "run second changed it since; revert that run first"),
        LeftAlone(3, IDENTITY, "somebody else changed it since"),
        LeftAlone(4, IDENTITY, "the record was deleted"),
    ]
    after = journaled.backend_db.rows("select * from library_identity where library_id > 1")
    assert after == before


async def test_runs_are_reverted_one_after_the_other_the_last_one_first(
    journaled: Journaled,
) -> None:
    before = journaled.tables()
    await journaled.run("first", single(1, DISCOGS))
    between = journaled.tables()
    await journaled.run("second", single(1, SPOTIFY), days=8)
    await journaled.revert("second", "a", days=9)
    assert journaled.tables() == between
    await journaled.revert("first", "b", days=9)
    assert journaled.tables() == before


async def test_several_changes_of_one_record_by_one_run_are_undone_one_after_the_other(
    journaled: Journaled,
) -> None:
    before = journaled.tables()
    await journaled.run("first", single(1, DISCOGS), unresolved(2))
    await journaled.run("first", single(1, SPOTIFY), unresolved(2), days=8)
    result = await journaled.revert("first", days=9)
    assert result.reverted == {IDENTITY: 1, ATTEMPT: 1}
    assert journaled.tables() == before


async def test_one_credit_that_a_librarian_changed_stays_and_the_others_are_reverted(
    journaled: Journaled,
) -> None:
    backend_db = journaled.backend_db
    backend_db.artist("Burial")
    for title in ("Archangel", "Raver", None):
        backend_db.credit(1, "Burial", title)
    tracks = [track("Burial", title, "Burial") for title in ("Archangel", "Raver", None)]
    await journaled.run("first", compilation(1, *tracks))
    backend_db.execute(
        "update compilation_track_artist set track_artist_link_method = 'librarian' "
        "where track_title = 'Raver'"
    )
    result = await journaled.revert("first")
    methods = {
        each["track_title"]: each["track_artist_link_method"] for each in backend_db.credits()
    }
    assert methods == {"Archangel": None, "Raver": "librarian", None: None}
    reason = "1 of 3 credits: somebody else changed it since"
    assert result.left_alone == [LeftAlone(1, CREDITS, reason)]
    assert result.reverted == {CREDITS: 1, ATTEMPT: 1}


async def test_an_artist_that_was_deleted_since_stays_unlinked(journaled: Journaled) -> None:
    backend_db = journaled.backend_db
    former = backend_db.artist("William Bevan")
    backend_db.artist("Burial")
    backend_db.credit(1, "Burial", "Archangel", track_artist_id=former)
    await journaled.run("first", compilation(1, track("Burial", "Archangel", "Burial")))
    backend_db.execute("delete from artists where id = %s", former)
    result = await journaled.revert("first")
    assert result.left_alone == []
    assert backend_db.credits()[0]["track_artist_id"] is None


async def test_a_record_that_the_database_refuses_is_listed_and_the_others_are_reverted(
    journaled: Journaled,
) -> None:
    for each in (1, 2, 3):
        journaled.backend_db.identity(each, NOW - MONTH, method="trigram", confidence=0.1 * each)
    await journaled.run("first", *(single(each, DISCOGS) for each in (1, 2, 3)))
    journaled.backend_db.execute(
        "alter table library_identity add constraint sure "
        "check (confidence not between 0.15 and 0.25)"
    )
    result = await journaled.revert("first")
    assert [(each.library_id, "sure" in each.reason) for each in result.left_alone] == [(2, True)]
    rows = journaled.backend_db.rows(
        "select library_id from library_identity where method='trigram'"
    )
    assert [each["library_id"] for each in rows] == [1, 3]


async def test_a_revert_that_is_started_again_finds_it_done(journaled: Journaled) -> None:
    await journaled.run("first", single(1, DISCOGS), single(2, DISCOGS))
    await journaled.revert("first", "a")
    before = journaled.backend_db.versions()
    again = await journaled.revert("first", "b")
    assert (again.reverted, again.already_reverted, again.left_alone) == ({}, 2, [])
    assert journaled.backend_db.versions() == before


async def test_a_run_that_the_journal_does_not_know_is_named(journaled: Journaled) -> None:
    with pytest.raises(NothingToRevert, match="no change of run unknown"):
        await journaled.revert("unknown")
    assert journaled.backend_db.rows("select * from library_revert") == []


async def test_a_decision_that_was_taken_away_is_in_the_history(journaled: Journaled) -> None:
    await journaled.run("first", single(1, DISCOGS))
    await journaled.revert("first")
    (kept,) = journaled.backend_db.rows("select * from library_identity_history")
    assert (kept["library_id"], kept["method"], kept["reason_category"]) == (
        1, "exact_match", "reverted",
    )  # fmt: skip
    assert kept["superseded_reason"] == "run first was reverted"


async def test_a_revert_that_only_moves_dates_back_is_no_new_decision(journaled: Journaled) -> None:
    await journaled.run("first", single(1, DISCOGS))
    await journaled.run("second", single(1, DISCOGS), days=8)
    await journaled.revert("second", days=9)
    assert journaled.backend_db.rows("select * from library_identity_history") == []


async def test_a_reverted_decision_is_not_made_again_and_its_record_waits(
    journaled: Journaled,
) -> None:
    await journaled.run("first", single(1, DISCOGS), unresolved(2))
    await journaled.revert("first")
    reverted = journaled.tables()
    await journaled.run("next", days=2)
    assert journaled.tables() == reverted
    for library_id in (1, 2):
        assert not await journaled.is_due(library_id, days=30.9)
        assert await journaled.is_due(library_id, days=31)
    assert await journaled.is_due(3, days=2)


async def test_a_new_answer_decides_again(journaled: Journaled) -> None:
    await journaled.run("first", single(1, DISCOGS))
    await journaled.revert("first")
    await journaled.run("later", single(1, DISCOGS), days=31)
    assert journaled.backend_db.value("select count(*) from library_identity") == 1
    row = journaled.backend_db.row("select reverted_at, reverted_by from lml_resolution")
    assert row == {"reverted_at": None, "reverted_by": None}


async def test_an_answer_that_came_before_the_revert_and_is_not_written_yet_is_not_held_back(
    journaled: Journaled,
) -> None:
    await journaled.run("first", single(1, DISCOGS))
    later = NOW + timedelta(days=8)
    await store(journaled.database, later, [candidate(1)], [single(1, SPOTIFY)])
    await journaled.revert("first", days=9)
    assert journaled.backend_db.rows("select * from library_identity") == []
    assert journaled.backend_db.value("select reverted_at from lml_resolution") is None
    await journaled.run("second", days=9)
    (identity,) = journaled.backend_db.rows("select * from library_identity")
    assert identity["spotify_id"] == SPOTIFY["external_id"]


async def test_the_checks_agree_with_a_revert(journaled: Journaled) -> None:
    await journaled.run("first", single(1, DISCOGS), single(2, DISCOGS))
    await journaled.revert("first")
    library = IdentityStore(journaled.database)
    written = await library.count_written(EVERYTHING)
    assert (written.not_written, written.differing) == (0, 0)
    coverage = CoverageStore(journaled.database, clock=lambda: NOW + timedelta(days=2))
    counted = await coverage.count(CoverageRules(WIDE), [EVERYTHING])
    whole = {each.value: each.library_rows for each in counted if each.dimension == "all"}
    assert whole["unresolved"] == 2
    assert "disagreeing" not in whole


async def test_explain_says_that_it_was_reverted_and_waits(journaled: Journaled) -> None:
    at = datetime.now(UTC)
    await store(journaled.database, at, [candidate(1)], [single(1, DISCOGS)])
    await apply(journaled.database, at, WIDE, EVERYTHING, "first")
    journal = JournalStore(journaled.database)
    await revert_run(journal, "first", RANGES, run_id="revert", reverted_by="a test")
    told = await explain(journaled.database, 1, CoverageRules(WIDE), RANGES)
    assert told.not_due_because == NotDue.REVERTED
    assert told.facts["resolution"]["reverted_by"] == "revert"


async def test_a_cover_is_taken_back_and_not_written_again(
    opened: Database, backend_db: BackendDb
) -> None:
    put(backend_db, album(1))
    covers = ArtworkStore(opened, CoverScope(), clock=lambda: NOW)
    await covers.store([LookupOutcome(album(1), COVER, URL, 1.0)], "first")
    await covers.write([1], "first")
    journal = JournalStore(opened, clock=lambda: NOW)
    await revert_run(journal, "first", RANGES, run_id="revert", reverted_by="a test")
    assert url_of(backend_db, 1) is None
    wanted = await covers.wanted(EVERYTHING)
    assert (wanted.due, wanted.waiting, wanted.resting) == ([], frozenset(), 1)
    counted = await covers.count_written(EVERYTHING, "first")
    assert (counted.not_written, counted.differing) == (0, 0)
    later = ArtworkStore(opened, CoverScope(), clock=lambda: NOW + MONTH)
    assert len((await later.wanted(EVERYTHING)).due) == 1
    await revert_run(journal, "revert", RANGES, run_id="again", reverted_by="a test")
    assert url_of(backend_db, 1) == URL


async def test_a_revert_waits_for_a_run_that_works_on_the_range(journaled: Journaled) -> None:
    await journaled.run("first", single(1, DISCOGS))
    backend_db = journaled.backend_db
    key = IdRange(1, 60)
    assert key in RANGES
    with backend_db.connection.transaction():
        backend_db.execute("select pg_advisory_xact_lock(%s, %s)", 0x77787963, key.first)
        reverting = asyncio.create_task(journaled.revert("first"))
        while not backend_db.value("select count(*) from pg_locks where not granted"):
            await asyncio.sleep(0.01)
        assert backend_db.value("select count(*) from library_identity") == 1
    await reverting
    assert backend_db.value("select count(*) from library_identity") == 0
