"""Verdicts in the database: they act at once, and no run moves what a person decided."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from wxyc_assets.adapters.postgres.artwork_store import (
    COVER,
    ArtworkStore,
    LookupOutcome,
    WrittenCovers,
)
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.adapters.postgres.range_locks import VERDICTS_LOCK
from wxyc_assets.adapters.postgres.verdict_store import VerdictStore
from wxyc_assets.domain.artwork import Album, CoverScope
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.domain.verdict_file import NumberedVerdict, VerdictFileInvalid
from wxyc_assets.domain.verdicts import Decision, Intake, RecordVerdict, Topic
from wxyc_assets_tests.support.answers import (
    EVERYTHING,
    Json,
    apply,
    candidate,
    entry,
    single,
    store,
    total,
)
from wxyc_assets_tests.support.backend_db import BackendDb

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=40)
SPOTIFY, OTHER_SPOTIFY = "1" * 22, "2" * 22
ANSWER = single(1, entry("discogs", "77"), entry("spotify", SPOTIFY), entry("wikidata", "Q5"))


async def answer(opened: Database, said: Json = ANSWER, at: datetime = NOW) -> dict[str, int]:
    """Store LML's answer about record 1, and apply it as a run does."""
    await store(opened, at, [candidate(1)], [said])
    return dict(total(await apply(opened, at, Scope(), EVERYTHING)))


async def say(
    opened: Database,
    decision: Decision,
    topic: Topic,
    value: str,
    *,
    by: str = "jake",
    after: int = 0,
    library_id: int = 1,
    legacy_release_id: int | None = None,
) -> Intake:
    moment = NOW + timedelta(hours=1 + after)
    said = RecordVerdict(library_id, legacy_release_id, topic, value, decision, by, moment)
    return await VerdictStore(opened).take_in([NumberedVerdict(2, said)])


def sources(backend_db: BackendDb, library_id: int = 1) -> dict[str, str]:
    rows = backend_db.rows(
        "select source, external_id from library_identity_source where library_id = %s", library_id
    )
    return {row["source"]: row["external_id"] for row in rows}


def identity(backend_db: BackendDb) -> tuple[str, str | None, str | None] | None:
    row = backend_db.row("select * from library_identity where library_id = 1")
    return (row["method"], row["spotify_id"], row["wikidata_qid"]) if row else None


@pytest.fixture
async def answered(opened: Database, backend_db: BackendDb) -> Database:
    """The database with one record, identified by LML."""
    backend_db.record(1)
    await answer(opened)
    return opened


async def test_a_rejected_id_goes_at_once_and_stays_away(
    answered: Database, backend_db: BackendDb
) -> None:
    intake = await say(answered, Decision.REJECT, Topic.SPOTIFY, SPOTIFY)
    assert (intake.new, intake.changes["ids_removed"]) == (1, 1)
    assert sources(backend_db) == {"discogs": "77", "wikidata": "Q5"}
    assert identity(backend_db) == ("exact_match", None, "Q5")
    await answer(answered, at=LATER)
    assert sources(backend_db) == {"discogs": "77", "wikidata": "Q5"}
    assert identity(backend_db) == ("exact_match", None, "Q5")


async def test_the_same_answer_less_a_rejected_id_is_no_new_decision(
    answered: Database, backend_db: BackendDb
) -> None:
    await say(answered, Decision.REJECT, Topic.SPOTIFY, SPOTIFY)
    assert (await answer(answered, at=LATER))["identities_same"] == 1
    history = backend_db.rows("select reason_category from library_identity_history")
    assert [row["reason_category"] for row in history] == ["person_decided"]


async def test_an_answer_of_which_everything_is_rejected_waits(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    said = single(1, entry("discogs", "77"))
    await answer(opened, said)
    await say(opened, Decision.REJECT, Topic.DISCOGS, "77")
    assert identity(backend_db) is None
    assert backend_db.value("select is_rejected from lml_resolution")
    applied = await answer(opened, said, at=LATER)
    assert applied["identities_rejected"] == 1
    assert identity(backend_db) is None
    assert sources(backend_db) == {}
    wide = Scope(include_null_canonical=True)
    soon, much_later = LATER + timedelta(days=29), LATER + timedelta(days=31)
    for moment, due in ((soon, 0), (much_later, 1)):
        found = await IdentityStore(opened, clock=lambda at=moment: at).due(EVERYTHING, wide)
        assert len(found) == due


async def test_another_id_of_the_same_source_is_written(
    answered: Database, backend_db: BackendDb
) -> None:
    await say(answered, Decision.REJECT, Topic.SPOTIFY, SPOTIFY)
    other = single(1, entry("discogs", "77"), entry("spotify", OTHER_SPOTIFY))
    await answer(answered, other, at=LATER)
    assert sources(backend_db) == {"discogs": "77", "spotify": OTHER_SPOTIFY}


async def test_a_confirmed_id_is_manual_and_no_run_moves_it(
    answered: Database, backend_db: BackendDb
) -> None:
    await say(answered, Decision.CONFIRM, Topic.SPOTIFY, SPOTIFY)
    assert identity(backend_db) == ("manual", SPOTIFY, "Q5")
    other = single(1, entry("discogs", "78"), entry("spotify", OTHER_SPOTIFY))
    await answer(answered, other, at=LATER)
    assert identity(backend_db) == ("manual", SPOTIFY, "Q5")
    assert sources(backend_db) == {"discogs": "77", "spotify": SPOTIFY, "wikidata": "Q5"}


async def test_the_given_id_replaces_what_is_there(
    answered: Database, backend_db: BackendDb
) -> None:
    await say(answered, Decision.REPLACE, Topic.SPOTIFY, OTHER_SPOTIFY)
    assert identity(backend_db) == ("manual", OTHER_SPOTIFY, "Q5")
    assert sources(backend_db)["spotify"] == OTHER_SPOTIFY


async def test_an_id_can_be_given_where_there_was_none(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    await say(opened, Decision.REPLACE, Topic.WIKIDATA, "Q9")
    assert identity(backend_db) == ("manual", None, "Q9")
    assert sources(backend_db) == {"wikidata": "Q9"}


async def test_a_withdrawn_rejection_lets_the_stored_answer_in_again(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    await answer(opened, single(1, entry("discogs", "77")))
    await say(opened, Decision.REJECT, Topic.DISCOGS, "77")
    await say(opened, Decision.LATER, Topic.DISCOGS, "77", after=1)
    assert sources(backend_db) == {"discogs": "77"}
    assert not backend_db.value("select is_rejected from lml_resolution")


async def test_a_withdrawn_confirmation_gives_the_identity_back_to_lml(
    answered: Database, backend_db: BackendDb
) -> None:
    await say(answered, Decision.REPLACE, Topic.SPOTIFY, OTHER_SPOTIFY)
    await say(answered, Decision.LATER, Topic.SPOTIFY, OTHER_SPOTIFY, after=1)
    assert identity(backend_db) == ("exact_match", SPOTIFY, "Q5")
    assert sources(backend_db)["spotify"] == SPOTIFY


async def test_of_two_people_the_later_one_is_followed_and_the_conflict_listed(
    answered: Database, backend_db: BackendDb
) -> None:
    await say(answered, Decision.CONFIRM, Topic.DISCOGS, "77")
    intake = await say(answered, Decision.REJECT, Topic.DISCOGS, "77", by="juana", after=1)
    (conflict,) = intake.conflicts
    assert (conflict.overruled_by, conflict.decided_by) == ("jake", "juana")
    assert "discogs" not in sources(backend_db)


async def test_an_older_decision_that_arrives_late_does_not_stand(
    answered: Database, backend_db: BackendDb
) -> None:
    await say(answered, Decision.REJECT, Topic.DISCOGS, "77", by="juana", after=5)
    intake = await say(answered, Decision.CONFIRM, Topic.DISCOGS, "77")
    assert "discogs" not in sources(backend_db)
    assert [each.overruled_by for each in intake.conflicts] == ["jake"]


async def test_the_same_file_twice_changes_nothing(
    answered: Database, backend_db: BackendDb
) -> None:
    await say(answered, Decision.REJECT, Topic.SPOTIFY, SPOTIFY)
    before = backend_db.versions()
    intake = await say(answered, Decision.REJECT, Topic.SPOTIFY, SPOTIFY)
    assert (intake.new, intake.known, dict(intake.changes)) == (0, 1, {})
    assert backend_db.versions() == before


async def test_a_verdict_follows_a_record_that_was_deleted_and_restored(
    answered: Database, backend_db: BackendDb
) -> None:
    await say(answered, Decision.REJECT, Topic.SPOTIFY, SPOTIFY)
    backend_db.execute("delete from library_identity_source")
    backend_db.execute("delete from library_identity")
    backend_db.execute("update library set id = 2")
    backend_db.execute(
        "insert into library_delete_denylist (legacy_release_id, library_id) values (50001, 1)"
    )
    await store(answered, LATER, [candidate(2)], [{**ANSWER, "library_id": 2}])
    await apply(answered, LATER, Scope(), EVERYTHING)
    assert sources(backend_db, 2) == {"discogs": "77", "wikidata": "Q5"}
    for legacy in (50_001, None):
        found = await say(
            answered, Decision.CONFIRM, Topic.DISCOGS, "77", after=3, legacy_release_id=legacy
        )
        assert found.new + found.known == 1


@pytest.mark.parametrize(
    ("library_id", "legacy", "complaint"),
    [
        (9, None, "line 2: the library has no record 9"),
        (9, 50_009, "line 2: the library has no record 9"),
        (9, 50_001, "does not have the legacy release id 50001, which belongs to record 1"),
    ],
)
async def test_a_file_about_other_records_is_refused_as_a_whole(
    answered: Database,
    backend_db: BackendDb,
    library_id: int,
    legacy: int | None,
    complaint: str,
) -> None:
    with pytest.raises(VerdictFileInvalid, match=complaint):
        await say(
            answered,
            Decision.REJECT,
            Topic.DISCOGS,
            "77",
            library_id=library_id,
            legacy_release_id=legacy,
        )
    assert backend_db.value("select count(*) from verdict") == 0


URL, OTHER_URL = "https://i.discogs.com/R-1.jpg", "https://i.discogs.com/R-2.jpg"


def covers(opened: Database, at: datetime = NOW) -> ArtworkStore:
    return ArtworkStore(opened, CoverScope(), clock=lambda: at)


async def find_cover(opened: Database, url: str = URL, at: datetime = NOW) -> WrittenCovers:
    """Store LML's cover of record 1, and write it as a run does."""
    found = Album(1, "The Station", "Moon Pix", 50_001)
    await covers(opened, at).store([LookupOutcome(found, COVER, url, 1.0)], "a run")
    return await covers(opened, at).write([1], "a run")


@pytest.fixture
async def covered(opened: Database, backend_db: BackendDb) -> Database:
    """The database with one record, whose cover LML found."""
    backend_db.record(1)
    backend_db.execute("update artists set discogs_artist_id = 388")
    await find_cover(opened)
    return opened


def cover(backend_db: BackendDb) -> str | None:
    return backend_db.value("select artwork_url from library")


async def test_a_rejected_cover_goes_at_once_and_is_an_outcome_that_waits(
    covered: Database, backend_db: BackendDb
) -> None:
    intake = await say(covered, Decision.REJECT, Topic.COVER, URL)
    assert intake.changes == {"covers_rejected": 1, "covers_removed": 1}
    assert cover(backend_db) is None
    assert (await covers(covered).wanted(EVERYTHING)).resting == 1
    assert (await find_cover(covered, at=LATER)).rejected == {1}
    assert cover(backend_db) is None
    assert (await covers(covered, LATER).wanted(EVERYTHING)).resting == 1


async def test_another_cover_is_written(covered: Database, backend_db: BackendDb) -> None:
    await say(covered, Decision.REJECT, Topic.COVER, URL)
    assert (await find_cover(covered, OTHER_URL, LATER)).written == {1}
    assert cover(backend_db) == OTHER_URL


async def test_the_given_cover_replaces_what_is_there(
    covered: Database, backend_db: BackendDb
) -> None:
    intake = await say(covered, Decision.REPLACE, Topic.COVER, OTHER_URL)
    assert intake.changes == {"covers_written": 1}
    assert cover(backend_db) == OTHER_URL
    backend_db.execute("update library set artwork_url = null")
    await VerdictStore(covered).uphold(EVERYTHING)
    assert cover(backend_db) == OTHER_URL


async def test_a_withdrawn_rejection_lets_the_next_run_write_the_cover(
    covered: Database, backend_db: BackendDb
) -> None:
    await say(covered, Decision.REJECT, Topic.COVER, URL)
    await say(covered, Decision.LATER, Topic.COVER, URL, after=1)
    assert (await covers(covered).wanted(EVERYTHING)).waiting == {1}
    assert (await covers(covered).write([1], "a run")).written == {1}
    assert cover(backend_db) == URL


async def test_what_is_upheld_already_is_not_written_again(
    covered: Database, backend_db: BackendDb
) -> None:
    await answer(covered)
    await say(covered, Decision.CONFIRM, Topic.COVER, URL)
    await say(covered, Decision.CONFIRM, Topic.DISCOGS, "77")
    await say(covered, Decision.REJECT, Topic.SPOTIFY, SPOTIFY)
    before = backend_db.versions()
    assert await VerdictStore(covered).uphold(EVERYTHING) == {}
    assert backend_db.versions() == before


async def test_verdicts_wait_for_a_batch_that_is_being_written(
    covered: Database, backend_db: BackendDb
) -> None:
    with psycopg.connect(backend_db.url) as writer:
        writer.execute("select pg_advisory_xact_lock_shared(%s)", [VERDICTS_LOCK])
        taking_in = asyncio.create_task(say(covered, Decision.REJECT, Topic.COVER, URL))
        while not backend_db.value("select count(*) from pg_locks where not granted"):
            await asyncio.sleep(0.01)
        assert cover(backend_db) == URL
        writer.commit()
    await taking_in
    assert cover(backend_db) is None


async def test_every_verdict_can_be_read_back(answered: Database) -> None:
    await say(answered, Decision.REJECT, Topic.SPOTIFY, SPOTIFY)
    await say(answered, Decision.LATER, Topic.SPOTIFY, SPOTIFY, by="juana", after=1)
    found = await VerdictStore(answered).verdicts()
    assert [(each.decided_by, each.decision) for each in found] == [
        ("jake", Decision.REJECT),
        ("juana", Decision.LATER),
    ]
    assert {each.legacy_release_id for each in found} == {50_001}
