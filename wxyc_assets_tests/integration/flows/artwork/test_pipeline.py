"""Covers, from asking to the library's own table."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.artwork import Cover, CoverScope, Match, Rules
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import (
    MANY,
    RANGES,
    ArtworkRun,
    album,
    choice,
    found,
    numbers,
    outcomes,
    pretend,
    put,
    run_artwork,
    some,
    url_of,
    urls,
    watermark_moves,
)
from wxyc_sandbox.lml.faults import Fault

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
FIRST = CoverScope(rules=Rules(match=Match.FIRST))


async def test_every_album_gets_its_cover_or_its_reason(
    opened: Database, backend_db: BackendDb
) -> None:
    put(backend_db, *MANY)
    run = await run_artwork(opened, pretend(*MANY), ranges=RANGES)
    chosen = {each.library_id: choice(each) for each in MANY}
    assert urls(backend_db) == {i: c.url for i, c in chosen.items() if isinstance(c, Cover)}
    assert outcomes(backend_db) == {
        i: "cover" if isinstance(c, Cover) else c.reason for i, c in chosen.items()
    }
    reasons = Counter("written" if isinstance(c, Cover) else str(c.reason) for c in chosen.values())
    assert run.counts == reasons
    assert sorted(each.id_range for each in run.reports) == list(RANGES)
    assert sum(each.tally.scanned for each in run.reports) == len(MANY)
    assert run.progress.done == run.progress.total == len(MANY)


async def test_a_second_run_asks_nothing_and_writes_nothing(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = [album(at, number) for at, number in enumerate(range(1, 101), 1)]
    sure = [each for each in albums if not found(each).is_incomplete]
    put(backend_db, *sure)
    lml = pretend(*sure)
    await run_artwork(opened, lml)
    before, lookups = backend_db.versions(), backend_db.rows("select * from artwork_lookup")
    lml.counters.reset()
    run = await run_artwork(opened, lml)
    assert lml.counters.calls == Counter()
    assert run.counts == {}
    assert backend_db.versions() == before
    assert backend_db.rows("select * from artwork_lookup") == lookups


async def test_the_watermark_moves_once_a_range_and_only_for_a_cover(
    opened: Database, backend_db: BackendDb
) -> None:
    covers = some("cover", 20)
    others = some("below_floor", 5, first_id=60) + some("empty", 5, first_id=70)
    put(backend_db, *covers, *others)
    before = watermark_moves(backend_db)
    await run_artwork(opened, pretend(*covers, *others), ranges=RANGES)
    assert len(urls(backend_db)) == 20
    assert watermark_moves(backend_db) == before + 1


async def test_a_no_rests_for_its_window(opened: Database, backend_db: BackendDb) -> None:
    albums = some("below_floor", 2)
    put(backend_db, *albums)
    lml = pretend(*albums)
    for days, asked in ((0, 2), (29, 2), (31, 4)):
        run = await run_artwork(opened, lml, now=NOW + timedelta(days=days))
        assert lml.counters.calls["lookup"] == asked
    assert run.reports[0].resting == 0
    resting = await run_artwork(opened, lml, now=NOW + timedelta(days=32))
    assert (resting.reports[0].resting, resting.reports[0].eligible) == (2, 2)


async def test_an_unknown_is_asked_next_time(opened: Database, backend_db: BackendDb) -> None:
    albums = some("unknown", 2)
    put(backend_db, *albums)
    lml = pretend(*albums)
    runs = [await run_artwork(opened, lml, now=NOW) for _ in range(2)]
    assert [run.counts for run in runs] == [{"unknown": 2}] * 2
    assert lml.counters.calls["lookup"] == 4
    assert not runs[0].reports[0].open_rows


async def test_a_stored_cover_is_written_without_asking(
    opened: Database, backend_db: BackendDb
) -> None:
    (wanted,) = some("cover", 1)
    put(backend_db, wanted)
    lml = pretend(wanted)
    await run_artwork(opened, lml)
    backend_db.execute("update artwork_lookup set applied_at = null")
    backend_db.execute("update library set artwork_url = null")
    lml.counters.reset()
    run = await run_artwork(opened, lml)
    assert lml.counters.calls == Counter()
    assert run.counts == {"written": 1}
    assert urls(backend_db)


async def test_a_row_that_somebody_else_covered_is_raced(
    opened: Database, backend_db: BackendDb
) -> None:
    (wanted,) = some("cover", 1)
    put(backend_db, wanted)
    await run_artwork(opened, pretend(wanted))
    backend_db.execute("update artwork_lookup set applied_at = null")
    backend_db.execute("update library set artwork_url = 'https://live/search.jpeg'")
    before = backend_db.versions()
    run = await run_artwork(opened, pretend(wanted))
    assert run.counts == {"raced": 1}
    assert url_of(backend_db, 1) == "https://live/search.jpeg"
    assert backend_db.versions() == before
    assert backend_db.value("select is_raced from artwork_lookup")
    assert (await run_artwork(opened, pretend(wanted))).counts == {}


async def test_a_cover_of_a_row_that_changed_is_not_written(
    opened: Database, backend_db: BackendDb
) -> None:
    renamed, flagged, gone = some("cover", 3)
    put(backend_db, renamed, flagged, gone)
    await run_artwork(opened, pretend(renamed, flagged, gone))
    backend_db.execute("update artwork_lookup set applied_at = null")
    backend_db.execute("update library set artwork_url = null")
    backend_db.execute(
        "update artists set artist_name = 'The Station' where artist_name = %s", renamed.artist_name
    )
    backend_db.execute("update library set discogs_unavailable = true where id = 2")
    backend_db.execute("delete from library where id = 3")
    lml = pretend()
    run = await run_artwork(opened, lml)
    assert urls(backend_db) == {}
    assert lml.counters.calls["lookup"] == 1
    assert sum(run.counts.values()) == 1


async def test_an_unwritable_url_costs_its_row_only(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("cover", 12)
    put(backend_db, *albums)
    bad = {3, 7, 8}
    for number in bad:
        chosen = choice(albums[number - 1])
        assert isinstance(chosen, Cover)
        backend_db.connection.execute(
            sql.SQL("alter table library add constraint {} check (artwork_url <> {})").format(
                sql.Identifier(f"no_{number}"), sql.Literal(chosen.url)
            )
        )
    before = watermark_moves(backend_db)
    run = await run_artwork(opened, pretend(*albums))
    assert run.counts == {"written": 9, "unwritable": 3}
    assert set(run.reports[0].write_errors) == bad
    assert urls(backend_db).keys() == set(range(1, 13)) - bad
    assert watermark_moves(backend_db) == before + 1
    lml = pretend(*albums)
    assert (await run_artwork(opened, lml)).counts == {"unwritable": 3}
    assert lml.counters.calls == Counter()
    assert watermark_moves(backend_db) == before + 1


async def test_first_writes_whatever_comes_first_if_it_fits(
    opened: Database, backend_db: BackendDb
) -> None:
    below, long = some("below_floor", 2), some("too_long", 1, first_id=5)
    put(backend_db, *below, *long)
    run = await run_artwork(opened, pretend(*below, *long), scope=FIRST)
    assert run.counts == {"written": 2, "unwritable": 1}
    assert urls(backend_db).keys() == {1, 2}


async def test_formats_of_an_album_share_a_call_and_are_judged_one_by_one(
    opened: Database, backend_db: BackendDb
) -> None:
    (number, *_) = numbers()["cover"]
    formats = [album(library_id, number) for library_id in (1, 2)]
    put(backend_db, *formats, album(3, number))  # the third is not in LML's catalogue
    lml = pretend(*formats)
    run = await run_artwork(opened, lml)
    assert lml.counters.calls["lookup"] == 1
    assert run.counts == {"written": 2, "no_row": 1}
    assert url_of(backend_db, 1) != url_of(backend_db, 2)


async def test_a_run_that_is_cut_off_keeps_every_answer(
    opened: Database, backend_db: BackendDb
) -> None:
    put(backend_db, *MANY)
    slow = replace(AT_ONCE, lookup_latency_seconds=0.005)
    lml = pretend(*MANY, settings=slow)
    cut = asyncio.create_task(ArtworkRun(opened, lml, ranges=RANGES, interval=3600).run())
    while lml.counters.statuses["lookup"][200] < 60:
        await asyncio.sleep(0)
    cut.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cut
    known = {i for i, outcome in outcomes(backend_db).items() if outcome != "unknown"}
    assert len(known) > 40
    lml.counters.reset()
    await run_artwork(opened, lml, ranges=RANGES)
    assert lml.counters.calls["lookup"] == len(MANY) - len(known)
    assert urls(backend_db).keys() == {
        each.library_id for each in MANY if isinstance(choice(each), Cover)
    }


async def test_two_runs_at_once_ask_once(opened: Database, backend_db: BackendDb) -> None:
    albums = [each for each in MANY if not found(each).is_incomplete]
    put(backend_db, *albums)
    lml = pretend(*albums)
    runs = [ArtworkRun(opened, lml, ranges=RANGES) for _ in range(2)]
    await asyncio.gather(*(run.run() for run in runs))
    assert lml.counters.calls["lookup"] == len(albums)
    assert len(urls(backend_db)) == sum(run.counts["written"] for run in runs)


async def test_health_is_not_asked_for_when_nothing_is_empty(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("cover", 30)
    put(backend_db, *albums)
    lml = pretend(*albums)
    await run_artwork(opened, lml)
    assert lml.counters.calls["health"] == 1


async def test_the_report_knows_the_share_and_shows_the_first_covers(
    opened: Database, backend_db: BackendDb
) -> None:
    covers, others = some("cover", 15), some("below_floor", 4, first_id=20)
    put(backend_db, album(19, 1), artwork_url="https://x/old.jpeg")
    put(backend_db, *covers, *others)
    (report,) = (await run_artwork(opened, pretend(*covers, *others))).reports
    assert (report.eligible, report.covered.albums, report.covered.lookups) == (19, 20, 19)
    assert report.share_covered == 16 / 20
    assert [each.artist_name for each in report.first_covers] == [
        each.artist_name for each in covers[:12]
    ]
    assert len(report.tally.latencies_ms) == 19


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    chosen=st.lists(st.integers(1, 300), min_size=1, max_size=20),
    faulty=st.sets(st.integers(1, 20), max_size=6),
    status=st.sampled_from([422, 500, 503]),
)
async def test_every_row_is_counted_once(
    opened: Database, backend_db: BackendDb, chosen: list[int], faulty: set[int], status: int
) -> None:
    backend_db.execute("truncate library, artwork_lookup cascade")
    albums = [album(at, number) for at, number in enumerate(chosen, 1)]
    put(backend_db, *albums)
    rows = frozenset(each.legacy_release_id for each in albums if each.library_id in faulty)
    faults = [Fault("status", route="lookup", status=status, rows=rows)] if rows else []
    run = await run_artwork(opened, pretend(*albums, faults=faults))
    assert sum(run.counts.values()) == len(albums)
    assert len(urls(backend_db)) == run.counts["written"]
