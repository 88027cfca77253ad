"""The numbers of the whole library, over a real PostgreSQL."""

from datetime import UTC, datetime, timedelta

from wxyc_assets.adapters.postgres.artwork_store import (
    COVER,
    LML_REFUSED,
    ArtworkStore,
    LookupOutcome,
)
from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.run_store import Pipeline, RunStore
from wxyc_assets.domain.artwork import CoverScope, NoCoverReason
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.domain.coverage import CoverageRules, Snapshot
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.domain.totals import Count
from wxyc_assets.flows.coverage.snapshot import take_snapshot
from wxyc_assets_tests.integration.adapters.postgres.counted_library import answer
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import album, put

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
RANGES = [IdRange(1, 10), IdRange(11, 20)]
WIDE, NARROW = CoverageRules(Scope(include_null_canonical=True)), CoverageRules()
URL = "https://i.discogs.com/x.jpeg"


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


async def take(
    opened: Database, rules: CoverageRules = WIDE, *, run_id: str = "run", days: float = 0
) -> Snapshot:
    coverage = CoverageStore(opened, clock=lambda: NOW + timedelta(days=days))
    return await take_snapshot(coverage, run_id=run_id, rules=rules, ranges=RANGES)


async def counted(opened: Database, *, run_id: str = "run", days: float = 0) -> dict[str, int]:
    """Return the counts that are not 0."""
    totals = (await take(opened, run_id=run_id, days=days)).totals
    assert totals is not None
    return {count.value: number for count, number in totals.items() if number}


async def test_an_empty_library_counts_nothing(opened: Database, backend_db: BackendDb) -> None:
    found = await take(opened)
    assert found.totals == dict.fromkeys(Count, 0)
    assert found.samples == {}
    assert found.completed_at is None


async def test_what_must_not_vanish_is_counted(opened: Database, backend_db: BackendDb) -> None:
    backend_db.record(1, letters="Z")
    backend_db.record(2, None)
    backend_db.record(3, canonical=False)
    backend_db.identity(1, NOW)
    backend_db.identity(2, ago(15))
    backend_db.identity(3, ago(28))
    backend_db.source(1, "discogs", "7", NOW)
    backend_db.credit(1, "Ada", "Glass", track_artist_id=0)
    backend_db.credit(1, "Bo", "Glass")
    backend_db.execute("update library set artwork_url = 'https://a.example/b' where id < 3")
    backend_db.execute("update artists set discogs_artist_id = 5")
    backend_db.execute(
        "insert into rotation (rotation_bin, kill_date, discogs_release_id, lml_identity_id) "
        "values ('H', null, 1, 7), ('H', '2026-05-02', null, null), ('H', '2026-05-01', 1, 7)"
    )
    assert await counted(opened) == {
        "records": 3,
        "named_records": 2,
        "in_scope": 2,
        "identities": 3,
        "identities_in_scope": 2,
        "verified_within_1": 1,
        "verified_within_2": 1,
        "verified_within_4": 2,
        "sources": 1,
        "covers_there": 2,
        "covers_wanted": 3,
        "credits": 2,
        "credits_linked": 1,
        "artists_on_discogs": 1,
        "rotation_active": 2,
        "rotation_resolvable": 1,
        "rotation_identified": 1,
        "ranges": 1,
        "artists_per_id": 1,
        "albums_per_cover": 1,
    }
    narrow = (await take(opened, NARROW)).totals
    assert narrow
    assert (narrow[Count.IN_SCOPE], narrow[Count.IDENTITIES_IN_SCOPE]) == (1, 1)


async def test_answers_are_counted_by_kind_run_and_what_was_before(
    opened: Database, backend_db: BackendDb
) -> None:
    for library_id in range(1, 9):
        backend_db.record(library_id)
    for asked_at in (ago(40), NOW):
        answer(backend_db, 8, kind=None, answered_at=asked_at)
    for library_id, before in ((1, "single_artist"), (2, "single_artist"), (3, "unresolved")):
        answer(backend_db, library_id, kind=before, answered_at=ago(8))
        answer(backend_db, library_id, kind="single_artist" if library_id == 1 else "unresolved")
    backend_db.execute(
        "insert into library_identity_history (library_id, superseded_at, superseded_reason, "
        "reason_category) values (1, %s, 'LML decided otherwise', 'decision_changed')",
        NOW,
    )
    answer(backend_db, 4, kind="single_artist", applied_at=None)
    answer(backend_db, 5, kind=None)
    answer(backend_db, 6, kind="compilation", is_matched=True, cohort="va")
    answer(backend_db, 7, kind="unresolved", artist_name="Chan Marshall")
    backend_db.execute("update lml_resolution set run_id = 'run' where library_id in (1, 4, 5, 8)")
    found = await counted(opened)
    answers = {name: n for name, n in found.items() if name.startswith(("run", "month", "answ"))}
    assert answers == {
        "answers": 7,
        "answers_not_written": 1,
        "run_asked": 3,
        "run_identified": 2,
        "run_refused": 1,
        "run_not_written": 1,
        "run_first": 1,
        "run_found": 1,
        "run_repeated": 1,
        "run_confirmed": 1,
        "run_flips": 1,
        "month_asked": 7,
        "month_identified": 2,
        "month_compilations": 1,
        "month_unresolved": 2,
        "month_refused": 2,
        "month_not_written": 1,
        "month_answered": 4,
        "month_found": 2,
        "month_repeated": 2,
        "month_confirmed": 1,
        "month_flips": 1,
    }
    assert found["compilations_matched"] == 1
    later = await counted(opened, run_id="another", days=30)
    assert {name for name in later if name.startswith(("run", "month", "answ"))} == {
        "answers",
        "answers_not_written",
    }


async def test_lookups_are_counted_first_ones_apart_from_repeats(
    opened: Database, backend_db: BackendDb
) -> None:
    put(backend_db, *(album(number) for number in range(1, 9)))
    store = ArtworkStore(opened, CoverScope(), clock=lambda: NOW)
    await store.store([LookupOutcome(album(n), NoCoverReason.NO_ROW) for n in (1, 2)], "before")
    for number in (3, 7, 8):
        await store.store([LookupOutcome(album(number), NoCoverReason.UNKNOWN)], "before")
    again = ArtworkStore(opened, CoverScope(), clock=lambda: NOW + timedelta(hours=1))
    await again.store(
        [
            LookupOutcome(album(1), NoCoverReason.NO_ROW),
            LookupOutcome(album(3), COVER, URL, 1.0),
            LookupOutcome(album(4), COVER, URL + "4", 1.0),
            LookupOutcome(album(5), LML_REFUSED, refusal="HTTP 422"),
            LookupOutcome(album(6), NoCoverReason.UNKNOWN),
            LookupOutcome(album(7), NoCoverReason.UNKNOWN),
            LookupOutcome(album(8), LML_REFUSED, refusal="HTTP 422"),
        ],
        "run",
    )
    await again.write([3], "test")
    found = await counted(opened)
    covers = {name: number for name, number in found.items() if "look" in name or "cover" in name}
    assert covers == {
        "covers_there": 1,
        "covers_wanted": 8,
        "covers_found": 2,
        "covers_not_written": 1,
        "run_lookups": 5,
        "run_lookups_unknown": 1,
        "run_lookups_refused": 1,
        "run_lookups_first": 2,
        "run_lookups_found": 2,
        "month_lookups": 8,
        "month_lookups_unknown": 2,
        "month_lookups_refused": 2,
        "month_lookups_first": 3,
        "month_lookups_found": 2,
        "albums_per_cover": 1,
    }


async def test_a_cover_that_became_another_is_a_flip(
    opened: Database, backend_db: BackendDb
) -> None:
    put(backend_db, album(1), album(2), album(3))
    store = ArtworkStore(opened, CoverScope(), clock=lambda: NOW)
    await store.store([LookupOutcome(album(n), COVER, f"{URL}{n}", 1.0) for n in (1, 2, 3)], "a")
    await store.write([1, 2, 3], "test")
    assert "cover_flips" not in await counted(opened)
    backend_db.execute("update library set artwork_url = 'https://b.example/c' where id = 1")
    assert (await counted(opened))["cover_flips"] == 1
    backend_db.execute("update library set artwork_url = null where id = 2")
    again = ArtworkStore(opened, CoverScope(), clock=lambda: NOW + timedelta(hours=1))
    await again.store([LookupOutcome(album(2), COVER, URL, 1.0)], "b")
    assert (await counted(opened))["cover_flips"] == 2
    backend_db.execute("update artwork_lookup set is_raced = true where library_id = 1")
    assert (await counted(opened))["cover_flips"] == 1


async def test_values_that_many_records_share_are_counted_by_artist_and_album(
    opened: Database, backend_db: BackendDb
) -> None:
    for library_id in (1, 2, 3):
        backend_db.record(library_id)
        backend_db.identity(library_id, NOW)
        backend_db.source(library_id, "discogs", "7", NOW)
    backend_db.execute("update library set artwork_url = 'https://a.example/b'")
    found = await counted(opened)
    assert (found["artists_per_id"], found["albums_per_cover"]) == (1, 1)
    other = backend_db.artist("Ada")
    backend_db.execute("update library set artist_id = %s where id = 2", other)
    backend_db.execute("update library set album_title = 'You Are Free' where id = 3")
    shared = await take(opened)
    assert shared.totals
    assert shared.totals[Count.ARTISTS_PER_ID] == 2
    assert shared.totals[Count.ALBUMS_PER_COVER] == 3
    assert shared.samples == {
        "artists_per_id": "discogs 7, such as record 1",
        "albums_per_cover": "https://a.example/b, such as record 1",
    }


async def test_a_library_is_complete_by_its_oldest_range(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    first, second = RANGES

    async def complete(id_range: IdRange, days: float, rules: CoverageRules) -> None:
        store = RunStore(opened, clock=lambda: ago(days))
        await store.complete(Pipeline.IDENTITY, "r", [id_range], rules)

    await complete(first, 3, WIDE)
    found = await take(opened)
    assert found.totals
    assert (found.totals[Count.RANGES], found.totals[Count.RANGES_COMPLETED]) == (1, 1)
    assert found.completed_at == ago(3)
    backend_db.record(11)
    found = await take(opened)
    assert found.totals
    assert (found.totals[Count.RANGES], found.totals[Count.RANGES_COMPLETED]) == (2, 1)
    await complete(second, 9, WIDE)
    await complete(first, 1, NARROW)
    assert (await take(opened)).completed_at == ago(9)
    assert (await take(opened, NARROW)).completed_at == ago(9)
    await complete(second, 2, NARROW)
    assert (await take(opened, NARROW)).completed_at == ago(2)
    assert (await take(opened, WIDE)).completed_at == ago(9)
    await RunStore(opened).complete(Pipeline.IDENTITY, "r", [], WIDE)


async def test_records_that_came_in_lately_are_counted_apart(
    opened: Database, backend_db: BackendDb
) -> None:
    put(backend_db, album(1), album(2), album(3))
    backend_db.execute("update library set artist_name = 'Cat Power', add_date = %s", ago(5))
    backend_db.execute("update library set add_date = %s where id = 1", ago(6))
    backend_db.identity(2, NOW)
    coverage = CoverageStore(opened, clock=lambda: NOW)
    found = await take_snapshot(coverage, run_id="run", rules=WIDE, ranges=RANGES, grace_days=5.5)
    assert found.totals
    assert found.totals[Count.NEW_UNCOVERED] == 1
    assert found.totals[Count.NEW_WITHOUT_COVER] == 2
    assert (await counted(opened)).keys().isdisjoint({"new_uncovered", "new_without_cover"})
