"""The counts of each state, violation and slice, over a real PostgreSQL."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from wxyc_assets.adapters.postgres.artwork_store import (
    COVER,
    LML_REFUSED,
    ArtworkStore,
    LookupOutcome,
)
from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.domain.artwork import CoverScope, NoCoverReason
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.domain.coverage import CoverageRules, CoverState, Slice, State, Violation
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.coverage.snapshot import take_snapshot, to_slices
from wxyc_assets_tests.support.answers import apply, entry, single, store
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import album, put

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NARROW, WIDE = Scope(), Scope(include_null_canonical=True)
RANGES = [IdRange(1, 10), IdRange(11, 20)]
MARK = "consumer:lml-bulk"


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def answer(backend_db: BackendDb, library_id: int = 1, *, kind: str | None, **columns: Any) -> None:
    """Store LML's answer, given now and applied unless set; without a kind, a refusal."""
    usual = {
        "artist_name": "Cat Power",
        "cohort": "non_va",
        "answered_at": NOW,
        "applied_at": NOW,
        "is_matched": False,
        "words": {},
    }
    known = usual | columns
    backend_db.execute(
        "insert into lml_resolution (library_id, cohort, artist_name, kind, is_matched, answer, "
        "refusal, answered_at, applied_at, run_id) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, '') "
        "on conflict (library_id) do update set answered_at = excluded.answered_at, "
        "artist_name = excluded.artist_name, kind = excluded.kind, answer = excluded.answer, "
        "applied_at = excluded.applied_at, refusal = excluded.refusal",
        library_id,
        known["cohort"],
        known["artist_name"],
        kind,
        known["is_matched"],
        Jsonb(known["words"]) if kind else None,
        None if kind else "HTTP 422",
        known["answered_at"],
        known["applied_at"],
    )


async def total(database: Database, scope: Scope = WIDE, *, days: float = 0) -> Slice:
    return (await slices(database, scope, days=days))[0]


async def slices(
    database: Database,
    scope: Scope = WIDE,
    covers: CoverScope | None = None,
    *,
    days: float = 0,
    grace: float = 0,
    ranges: Sequence[IdRange] = RANGES,
) -> list[Slice]:
    coverage = CoverageStore(database, clock=lambda: NOW + timedelta(days=days))
    rules = CoverageRules(scope, covers or CoverScope())
    return to_slices(await coverage.count(rules, ranges, grace_days=grace), ranges)


async def state(database: Database, scope: Scope = WIDE, *, days: float = 0) -> State:
    found = (await total(database, scope, days=days)).states
    assert sum(found.values()) == 1
    return next(iter(found))


async def test_an_identity_is_fresh_and_then_stale(opened: Database, backend_db: BackendDb) -> None:
    backend_db.record(1)
    backend_db.identity(1, ago(7))
    assert await state(opened) is State.FRESH
    assert await state(opened, days=0.1) is State.STALE


async def test_a_record_out_of_scope_has_its_reason(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1, None)
    backend_db.identity(1, NOW)
    assert await state(opened) is State.NO_ARTIST_NAME
    backend_db.execute("update library set artist_name = 'Cat Power', canonical_entity_id = null")
    assert await state(opened, NARROW) is State.NO_CANONICAL_ENTITY
    assert await state(opened, WIDE) is State.FRESH


@pytest.mark.parametrize(
    ("kind", "is_matched", "expected"),
    [
        (None, False, State.REFUSED),
        ("unresolved", False, State.UNRESOLVED),
        ("compilation", False, State.COMPILATION_UNMATCHED),
        ("compilation", True, State.COMPILATION_MATCHED),
    ],
)
async def test_an_answer_without_an_identity_waits_for_the_retry_window(
    opened: Database, backend_db: BackendDb, kind: str | None, is_matched: bool, expected: State
) -> None:
    backend_db.record(1)
    assert await state(opened) is State.NEVER_ASKED
    answer(backend_db, kind=kind, is_matched=is_matched)
    assert await state(opened, days=29) is expected
    assert await state(opened, days=30) is State.ATTEMPTED_LONG_AGO


async def test_an_answer_that_a_person_rejected_waits_for_the_retry_window(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    answer(backend_db, kind="single_artist")
    backend_db.execute("update lml_resolution set is_rejected = true")
    assert await state(opened, days=29) is State.REJECTED
    assert await state(opened, days=30) is State.ATTEMPTED_LONG_AGO


async def test_an_answer_about_another_name_does_not_count(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    answer(backend_db, kind="unresolved", artist_name="Chan Marshall")
    assert await state(opened) is State.NEVER_ASKED


@pytest.mark.parametrize("kind", ["single_artist", "unresolved", "compilation"])
async def test_an_answer_that_reached_no_table_covers_nothing(
    opened: Database, backend_db: BackendDb, kind: str
) -> None:
    backend_db.record(1)
    answer(backend_db, kind=kind, applied_at=None)
    assert await state(opened) is State.NOT_WRITTEN


async def test_an_attempt_by_another_job_waits_where_it_counts(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1, attempted_at=ago(29))
    assert await state(opened, WIDE) is State.ATTEMPTED_ELSEWHERE
    assert await state(opened, NARROW) is State.ATTEMPTED_LONG_AGO
    backend_db.execute("update library set code_volume_letters = 'ZA'")
    assert await state(opened, NARROW) is State.ATTEMPTED_ELSEWHERE
    assert await state(opened, WIDE, days=2) is State.ATTEMPTED_LONG_AGO


async def test_every_dimension_divides_the_whole_library(
    opened: Database, backend_db: BackendDb
) -> None:
    for library_id in (1, 10, 11, 21):
        backend_db.record(library_id, letters="Z" if library_id == 10 else None)
    backend_db.execute("update library set genre_id = 7 where id = 11")
    found = {(str(each.dimension), each.member): each for each in await slices(opened)}
    rows = {index: each.library_rows for index, each in found.items()}
    assert rows == {
        ("all", ""): 4,
        ("cohort", "va"): 1,
        ("cohort", "non_va"): 3,
        ("id_range", "0000001-0000010"): 2,
        ("id_range", "0000011-0000020"): 1,
        ("id_range", "outside"): 1,
        ("genre", "11"): 3,
        ("genre", "7"): 1,
    }
    assert found["id_range", "outside"].offenders == {
        Violation.OUTSIDE: [21],
        Violation.UNCOVERED: [21],
    }
    assert found["all", ""].largest_id == 21


async def test_an_empty_library_has_its_ranges(opened: Database) -> None:
    found = await slices(opened)
    assert [each.member for each in found] == ["", "va", "non_va", *(r.key for r in RANGES)]
    assert not any(each.library_rows for each in found)


async def test_identities_are_counted_by_method_confidence_and_sources(
    opened: Database, backend_db: BackendDb
) -> None:
    for library_id, confidence in ((1, 0.9), (2, 1.0), (3, 0.85)):
        backend_db.record(library_id)
        backend_db.identity(library_id, NOW, confidence=confidence)
    backend_db.source(1, "discogs", "7", NOW)
    backend_db.source(1, "spotify", "x", NOW)
    found = await total(opened)
    assert found.methods == {"exact_match": 3}
    assert found.confidences == {"0.8": 1, "0.9": 2}
    assert found.sources == {"0": 2, "2": 1}


SAID = {
    "method": "exact_match",
    "confidence": 0.8999999761581421,
    "main": {"wikidata_qid": "Q1", "spotify_artist_id": None, "apple_music_artist_id": None},
    "provenance": [
        {"source": "wikidata", "external_id": "Q1", "confidence": 1, "method": "exact_match"},
        {"source": "spotify", "external_id": "x", "confidence": None, "method": "exact_match"},
    ],
}


@pytest.mark.parametrize(
    ("spoil", "disagrees"),
    [
        ("select 1", False),
        ("delete from library_identity", False),  # a person's deletion, or an orphan
        ("delete from library_identity_source; delete from library_identity", False),
        ("update library_identity set method = 'trigram'", True),
        ("update library_identity set confidence = 0.8", True),
        ("update library_identity set wikidata_qid = 'Q2'", True),
        ("update library_identity set last_verified_at = last_verified_at - interval '1 s'", True),
        ("update library_identity_source set external_id = 'Q2'", True),
        ("delete from library_identity_source", True),
        ("update library_identity set method = 'manual', notes = 'by hand'", False),
        (
            "update library_identity set method = 'llm', "
            "last_verified_at = last_verified_at + interval '1 s'",
            True,
        ),
        ("update library_identity set last_verified_at = last_verified_at + interval '1 s'", False),
        ("update library_identity_source set external_id = 'Q'", True),
        (
            "insert into library_identity_source values "
            "(1, 'bandcamp', 'b', 'exact_match', 1, '2020-01-01', null, 'consumer:lml-bulk')",
            True,
        ),
        (
            "insert into library_identity_source values "
            "(1, 'spotify', 'y', 'exact_match', 1, '2020-01-01', null, 'consumer:lml-bulk')",
            False,  # LML mentions it, without a confidence
        ),
        (
            "insert into library_identity_source values "
            "(1, 'bandcamp', 'b', 'exact_match', 1, '2020-01-01', null, 'from the card index')",
            False,
        ),
        (
            "insert into library_identity_source values "
            "(1, 'bandcamp', 'b', 'exact_match', 1, '2026-05-02', null, 'from elsewhere')",
            True,
        ),
        (
            "insert into library_identity_source values "
            "(1, 'bandcamp', 'b', 'manual', 1, '2026-05-02', null, 'by hand')",
            False,
        ),
        ("update lml_resolution set answer = answer || '{\"library_id\": 2}'", True),
        ("update lml_resolution set answer = answer || '{\"library_id\": 1}'", False),
        (
            "update lml_resolution set kind = null, answer = null, refusal = 'HTTP 422'; "
            "update library_identity set wikidata_qid = 'Q2'",
            False,
        ),
        ("update lml_resolution set applied_at = null", False),
        ("update library set artist_name = 'Chan Marshall'", False),
    ],
)
async def test_an_applied_answer_is_in_the_tables(
    opened: Database, backend_db: BackendDb, spoil: str, disagrees: bool
) -> None:
    backend_db.record(1)
    answer(backend_db, kind="single_artist", words=SAID)
    backend_db.identity(1, NOW, wikidata_qid="Q1")
    backend_db.source(1, "wikidata", "Q1", NOW)
    backend_db.execute(spoil)  # pyright: ignore[reportArgumentType]
    found = (await total(opened)).offenders
    assert (found.get(Violation.DISAGREEING) == [1]) is disagrees


@pytest.mark.parametrize("is_identified", [False, True])
async def test_a_refusal_disagrees_with_nothing(
    opened: Database, backend_db: BackendDb, is_identified: bool
) -> None:
    backend_db.record(1)
    if is_identified:
        backend_db.identity(1, ago(20), wikidata_qid="Q1")
        backend_db.source(1, "wikidata", "Q1", ago(20))
    answer(backend_db, kind=None)
    assert (await total(opened)).violating(Violation.DISAGREEING) == 0


async def test_a_matched_compilation_is_dated(opened: Database, backend_db: BackendDb) -> None:
    backend_db.record(1, letters="Z")
    answer(backend_db, kind="compilation", is_matched=True, cohort="va")
    assert (await total(opened)).violating(Violation.DISAGREEING) == 1
    backend_db.execute("update library set unresolved_attempted_at = %s", NOW)
    assert (await total(opened)).violating(Violation.DISAGREEING) == 0


async def test_sources_without_an_identity_are_orphaned(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    backend_db.source(1, "discogs", "7", NOW)
    assert (await total(opened)).offenders[Violation.ORPHANED] == [1]
    backend_db.identity(1, NOW)
    assert (await total(opened)).violating(Violation.ORPHANED) == 0


@pytest.mark.parametrize(
    ("before", "days_between", "reason", "is_twice"),
    [
        ("unresolved", 29, "retry_due", True),
        ("unresolved", 30, "retry_due", False),
        ("unresolved", 2, "recheck", False),
        (None, 29, "retry_due", True),
        ("single_artist", 6, "stale", True),
        ("single_artist", 7, "stale", False),
        ("single_artist", 1, "never_resolved", False),
        ("single_artist", 1, "retry_due", False),
    ],
)
async def test_a_record_is_asked_about_once_in_its_window(
    opened: Database,
    backend_db: BackendDb,
    before: str | None,
    days_between: float,
    reason: str,
    is_twice: bool,
) -> None:
    backend_db.record(1)
    backend_db.execute(
        "insert into library_candidate values (1, 'non_va', %s, 'Cat Power', '', 1, now(), '')",
        reason,
    )
    answer(backend_db, kind=before, answered_at=ago(days_between))
    assert (await total(opened)).violating(Violation.ASKED_TWICE) == 0
    answer(backend_db, kind="unresolved")
    assert (await total(opened)).violating(Violation.ASKED_TWICE) == is_twice
    assert (await total(opened, days=31)).violating(Violation.ASKED_TWICE) == 0


async def test_an_identity_that_a_person_deleted_is_not_asked_about_twice(
    opened: Database, backend_db: BackendDb
) -> None:
    for library_id in (1, 2):
        backend_db.record(library_id)
    everything = IdRange(1, 20)
    for day in (1, 0):
        now = ago(day)
        identities = IdentityStore(opened, clock=lambda now=now: now)
        due = await identities.put_candidates(everything, WIDE, "a run")
        assert due.total() == 2 - (day == 0)
        asked = await identities.unanswered(everything, WIDE)
        answers = [single(each.library_id, entry("wikidata", "Q1")) for each in asked]
        await store(opened, now, asked, answers)
        await apply(opened, now, WIDE, everything)
        backend_db.execute("delete from library_identity_source where library_id = 1")
        backend_db.execute("delete from library_identity where library_id = 1")
    assert (await total(opened)).violating(Violation.ASKED_TWICE) == 0


async def test_a_renamed_record_may_be_asked_about_again(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    answer(backend_db, kind="unresolved", artist_name="Chan Marshall", answered_at=ago(1))
    answer(backend_db, kind="unresolved")
    assert (await total(opened)).violating(Violation.ASKED_TWICE) == 0


@pytest.mark.parametrize(
    ("kind", "is_classified"),
    [("unresolved", True), ("compilation", True), (None, False), ("never", False)],
)
async def test_a_compilation_is_classified_by_an_answer_of_any_age(
    opened: Database, backend_db: BackendDb, kind: str | None, is_classified: bool
) -> None:
    backend_db.record(1, letters="Z")
    backend_db.record(2)
    if kind != "never":
        answer(backend_db, kind=kind, answered_at=ago(300), is_matched=kind == "compilation")
    found = await total(opened)
    assert found.compilations == 1
    assert found.compilations_classified == is_classified
    assert found.compilations_matched == (kind == "compilation")


async def test_each_cover_is_in_one_state(opened: Database, backend_db: BackendDb) -> None:
    put(backend_db, album(1), artwork_url="https://a.example/b.jpeg")
    put(backend_db, album(2), album(3), album(4), album(5))
    put(backend_db, album(6), discogs_artist_id=None)
    put(backend_db, album(7), discogs_unavailable=True)
    artwork = ArtworkStore(opened, CoverScope(), clock=lambda: NOW)
    url = "https://i.discogs.com/x.jpeg"
    lookups = [
        LookupOutcome(album(2), NoCoverReason.NOT_DIRECT),
        LookupOutcome(album(3), NoCoverReason.UNKNOWN),
        LookupOutcome(album(4), COVER, url, 1.0),
    ]
    await artwork.store(lookups, "run")
    assert (await total(opened)).covers == {
        CoverState.THERE: 1,
        CoverState.DENIED: 1,
        CoverState.UNKNOWN: 2,
        CoverState.WAITING: 1,
        CoverState.NOT_WANTED: 2,
    }
    later = await total(opened, days=31)
    assert later.cover(CoverState.DENIED) == 0
    assert later.cover(CoverState.UNKNOWN) == 3


async def test_covers_without_an_answer_are_those_a_run_would_look_up(
    opened: Database, backend_db: BackendDb
) -> None:
    put(backend_db, *(album(number) for number in range(1, 8)))
    artwork = ArtworkStore(opened, CoverScope(), clock=lambda: NOW)
    await artwork.store(
        [
            LookupOutcome(album(1), NoCoverReason.UNKNOWN),
            LookupOutcome(album(2), LML_REFUSED, refusal="HTTP 422"),
        ],
        "run",
    )
    wanted = await artwork.wanted(IdRange(1, 20))
    found = await total(opened)
    assert found.cover(CoverState.UNKNOWN) == len(wanted.due) == 6
    assert found.cover(CoverState.DENIED) == wanted.resting == 1


async def test_a_snapshot_is_read_as_it_was_stored_and_a_run_has_one(
    opened: Database, backend_db: BackendDb
) -> None:
    for library_id in (1, 11, 12):
        backend_db.record(library_id)
    backend_db.identity(1, NOW, confidence=0.7)

    async def take(run_id: str, days: float) -> object:
        coverage = CoverageStore(opened, clock=lambda: NOW + timedelta(days=days))
        return await take_snapshot(
            coverage, run_id=run_id, rules=CoverageRules(WIDE), ranges=RANGES
        )

    assert await CoverageStore(opened).newest(1) == []
    await take("one", 0)
    await take("one", 1)
    two = await take("two", 2)
    coverage = CoverageStore(opened)
    assert (await coverage.load(["two", "none"])) == {"two": two}
    assert [each.run_id for each in await coverage.newest(9)] == ["two", "one"]
    assert [each.run_id for each in await coverage.newest(1, "one")] == ["one"]
    rows = backend_db.rows(
        "select dimension, library_rows from coverage_snapshot where run_id = 'one'"
    )
    assert len(rows) == 1 + 2 + 2 + 1
    assert {each["library_rows"] for each in rows if each["dimension"] == "all"} == {3}


async def test_a_credit_that_lost_its_artist_disagrees_with_the_answer(
    opened: Database, backend_db: BackendDb
) -> None:
    tracks = [
        {"artist_name": "Ada", "track_title": None, "resolved_artist_name": "ADA"},
        {"artist_name": "Bo", "track_title": "Glass", "resolved_artist_name": None},
    ]
    backend_db.record(1, letters="Z", attempted_at=NOW)
    ada = backend_db.artist("Ada")
    backend_db.execute("update artists set last_modified = %s", ago(1))
    linked = {"track_artist_id": ada, "track_artist_link_method": "lml_backfill"}
    backend_db.credit(1, "Ada", None, **linked)
    backend_db.credit(1, "Bo", "Glass")
    words = {"tracks": tracks}
    answer(backend_db, kind="compilation", is_matched=True, cohort="va", words=words)

    async def disagreeing() -> int:
        return (await total(opened)).violating(Violation.DISAGREEING)

    assert await disagreeing() == 0
    backend_db.execute("update compilation_track_artist set track_artist_id = null")
    assert await disagreeing() == 1
    backend_db.execute("update artists set last_modified = %s", NOW)
    assert await disagreeing() == 0  # the artist may be newer than the answer
    backend_db.execute("update artists set last_modified = %s", ago(1))
    backend_db.execute("update compilation_track_artist set track_artist_link_method = 'librarian'")
    assert await disagreeing() == 0
    backend_db.execute("update compilation_track_artist set track_artist_link_method = null")
    assert await disagreeing() == 1
    backend_db.execute("delete from compilation_track_artist where artist_name = 'Ada'")
    assert await disagreeing() == 0


async def test_a_stale_identity_whose_answer_is_not_written_is_not_stale(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    backend_db.identity(1, ago(8))
    answer(backend_db, kind="single_artist", applied_at=None)
    found = await total(opened)
    assert found.states == {State.NOT_WRITTEN: 1}
    assert found.identified == 1
    assert found.covered == 0


async def test_a_record_that_became_due_lately_still_waits(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    answer(backend_db, kind="unresolved")
    (found, *_) = await slices(opened, days=39, grace=10)
    assert found.states == {State.UNRESOLVED: 1}
    (found, *_) = await slices(opened, days=40, grace=10)
    assert found.states == {State.ATTEMPTED_LONG_AGO: 1}
