"""Releases: derived from kept answers, and written to identities that have none."""

from datetime import UTC, datetime, timedelta

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.journal_store import JournalStore
from wxyc_assets.adapters.postgres.kept_answer_store import KeptAnswerStore
from wxyc_assets.adapters.postgres.release_store import ReleaseStore
from wxyc_assets.domain.artwork import CoverScope, Eligibility, Rules
from wxyc_assets.domain.releases import Release, release_of
from wxyc_assets.flows.releases.pipeline import ReleasesReport, derive_releases, fill_identities
from wxyc_assets.flows.revert import revert_run
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import (
    ONE_RANGE,
    album,
    found,
    numbers,
    pretend,
    put,
    run_artwork,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
MANY = [album(number) for number in range(1, 101)]
SCOPE = CoverScope(Eligibility.ALL)
EXPECTED = {
    each.library_id: release.release_id
    for each in MANY
    if isinstance(release := release_of(found(each), each, Rules()), Release)
}


async def derive(
    database: Database, run_id: str = "a run", *, fill: bool = False
) -> ReleasesReport:
    answers, store = KeptAnswerStore(database, SCOPE), ReleaseStore(database)
    report = await derive_releases(answers, store, ONE_RANGE[0], run_id)
    if fill:
        await fill_identities(store, report, run_id)
    return report


async def look_up(opened: Database, backend_db: BackendDb) -> None:
    put(backend_db, *MANY)
    await run_artwork(opened, pretend(*MANY), now=NOW)


def release_ids(backend_db: BackendDb) -> dict[int, int]:
    rows = backend_db.rows(
        "select library_id, discogs_release_id from library_identity "
        "where discogs_release_id is not null"
    )
    return {row["library_id"]: row["discogs_release_id"] for row in rows}


async def test_each_answer_gives_its_release(opened: Database, backend_db: BackendDb) -> None:
    await look_up(opened, backend_db)
    report = await derive(opened)
    rows = backend_db.rows("select * from library_release")
    assert {row["library_id"]: row["release_id"] for row in rows} == EXPECTED
    first = rows[0]
    said = found(album(first["library_id"])).results[0].picture
    assert said is not None
    assert (first["artist_name"], first["album_title"]) == (said.artist, said.album)
    assert (first["confidence"], first["answered_at"]) == (said.confidence, NOW)
    kinds = {row["canonical_entity"].rpartition(":")[0] for row in rows}
    assert kinds == {"discogs:master", "discogs:release"}
    assert first["streaming"] == said.streaming
    assert first["streaming"].keys() == {"spotify", "youtube_music"}
    assert (report.put.written, report.put.releases) == (len(EXPECTED), len(EXPECTED))
    assert sum(report.without.values()) == len(MANY) - len(EXPECTED)


async def test_a_second_derivation_writes_nothing(opened: Database, backend_db: BackendDb) -> None:
    await look_up(opened, backend_db)
    await derive(opened)
    before = backend_db.rows("select xmin::text from library_release order by library_id")
    report = await derive(opened, "another")
    assert (report.put.written, report.put.removed) == (0, 0)
    assert backend_db.rows("select xmin::text from library_release order by library_id") == before


async def test_a_release_goes_with_its_record_and_its_name(
    opened: Database, backend_db: BackendDb
) -> None:
    await look_up(opened, backend_db)
    await derive(opened)
    deleted, renamed, flagged, kept = sorted(EXPECTED)[:4]
    backend_db.execute("delete from library where id = %s", deleted)
    backend_db.execute("update library set album_title = 'Other' where id = %s", renamed)
    backend_db.execute("update library set discogs_unavailable = true where id = %s", flagged)
    report = await derive(opened)
    assert report.put.removed == 3
    rows = backend_db.rows("select library_id from library_release order by library_id limit 1")
    assert rows == [{"library_id": kept}]


async def test_an_answer_that_could_not_say_leaves_the_release(
    opened: Database, backend_db: BackendDb
) -> None:
    await look_up(opened, backend_db)
    await derive(opened)
    first, second, third = sorted(EXPECTED)[:3]
    backend_db.execute(
        """update artwork_lookup set answer = answer || '{"timeout": true}', outcome = 'unknown',
        url = null, applied_at = null where library_id = %s""",
        first,
    )
    backend_db.execute("update artwork_lookup set answer = null where library_id = %s", second)
    backend_db.execute(
        """update artwork_lookup set answer = answer || '{"results": []}' where library_id = %s""",
        third,
    )
    await derive(opened)
    rows = backend_db.rows("select library_id from library_release order by library_id limit 2")
    assert rows == [{"library_id": first}, {"library_id": second}]
    assert backend_db.value("select count(*) from library_release") == len(EXPECTED) - 1


async def test_only_empty_releases_of_identities_are_filled(
    opened: Database, backend_db: BackendDb
) -> None:
    await look_up(opened, backend_db)
    ours, filled, a_persons, without, *_ = sorted(EXPECTED)
    backend_db.identity(ours, NOW)
    backend_db.identity(filled, NOW, discogs_release_id=4242)
    backend_db.identity(a_persons, NOW, method="manual", notes="from the card index")
    others = (
        "select to_jsonb(i) - '{discogs_release_id,distinct_unresolved_sources}'::text[] as row "
        "from library_identity i order by library_id"
    )
    before = backend_db.rows(others)
    report = await derive(opened, "filling", fill=True)
    assert report.filled == 1
    assert release_ids(backend_db) == {ours: EXPECTED[ours], filled: 4242}
    assert backend_db.rows(others) == before
    written = backend_db.rows(
        "select library_id, written_by from library_release where written_at > %s", NOW
    )
    assert written == [{"library_id": ours, "written_by": "filling"}]
    assert without not in release_ids(backend_db)


async def test_a_release_that_somebody_empties_stays_empty(
    opened: Database, backend_db: BackendDb
) -> None:
    await look_up(opened, backend_db)
    (first, *_) = sorted(EXPECTED)
    backend_db.identity(first, NOW)
    await derive(opened, fill=True)
    backend_db.execute("update library_identity set discogs_release_id = null")
    assert (await derive(opened, "another", fill=True)).filled == 0
    assert release_ids(backend_db) == {}


async def test_a_release_that_is_refused_costs_its_record_only(
    opened: Database, backend_db: BackendDb
) -> None:
    await look_up(opened, backend_db)
    for library_id in EXPECTED:
        backend_db.identity(library_id, NOW)
    bad = sorted(EXPECTED)[3]
    backend_db.execute(
        "create function refuse() returns trigger language plpgsql as "
        "$$ begin raise exception 'no' using errcode = 'check_violation'; end $$"
    )
    backend_db.connection.execute(
        "create trigger refused before update of discogs_release_id on library_identity "
        f"for each row when (new.library_id = {bad}) execute function refuse()"  # pyright: ignore
    )
    report = await derive(opened, fill=True)
    assert report.write_errors.keys() == {bad}
    assert release_ids(backend_db) == {i: r for i, r in EXPECTED.items() if i != bad}
    count = await ReleaseStore(opened).count_written(ONE_RANGE[0], "a run")
    assert (count.stored, count.not_written, count.offenders) == (len(EXPECTED), 1, [bad])


async def test_what_is_gone_after_we_wrote_it_is_counted(
    opened: Database, backend_db: BackendDb
) -> None:
    await look_up(opened, backend_db)
    (first, *_) = sorted(EXPECTED)
    backend_db.identity(first, NOW)
    await derive(opened, fill=True)
    backend_db.execute("update library_identity set discogs_release_id = 1")
    store = ReleaseStore(opened)
    assert (await store.count_written(ONE_RANGE[0], "a run")).differing == 1
    assert (await store.count_written(ONE_RANGE[0], "another")).differing == 0


async def test_another_release_is_stored_and_does_not_replace_the_one_in_the_identity(
    opened: Database, backend_db: BackendDb
) -> None:
    wanted = album(1, numbers()["cover"][0])
    put(backend_db, wanted)
    await run_artwork(opened, pretend(wanted), now=NOW)
    backend_db.identity(1, NOW)
    await derive(opened, fill=True)
    (before,) = release_ids(backend_db).values()
    backend_db.execute(
        """update artwork_lookup set looked_up_at = %s, answer = jsonb_set(
            answer, '{results,0,artwork,release_id}', '4242')""",
        NOW + timedelta(days=40),
    )
    assert (await derive(opened, "another", fill=True)).filled == 0
    row = backend_db.row("select release_id, written_at from library_release")
    assert row == {"release_id": 4242, "written_at": None}
    assert release_ids(backend_db) == {1: before}


async def test_written_releases_can_be_reverted_and_are_not_written_again(
    opened: Database, backend_db: BackendDb
) -> None:
    await look_up(opened, backend_db)
    first, second, *_ = sorted(EXPECTED)
    backend_db.identity(first, NOW, wikidata_qid="Q1")
    backend_db.identity(second, NOW)
    before = backend_db.rows("select * from library_identity order by library_id")
    await derive(opened, "filling", fill=True)
    backend_db.execute(
        "update library_identity set discogs_release_id = 1 where library_id = %s", second
    )
    result = await revert_run(
        JournalStore(opened), "filling", ONE_RANGE, run_id="revert", reverted_by="test"
    )
    assert [each.library_id for each in result.left_alone] == [second]
    after = backend_db.rows("select * from library_identity order by library_id")
    assert after[0] == before[0]
    assert release_ids(backend_db) == {second: 1}
    assert (await derive(opened, "again", fill=True)).filled == 0
