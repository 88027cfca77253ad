"""Covers, from asking to the library's own table."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.refusal_store import RefusalStore, RefusedQuestion
from wxyc_assets.domain.artwork import RULES_VERSION, Album, Cover, CoverScope, Match, Rules
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import (
    ArtworkRun,
    album,
    choice,
    found,
    numbers,
    outcomes,
    pretend,
    put,
    run_artwork,
    url_of,
    urls,
    watermark_moves,
)
from wxyc_sandbox.lml.faults import Fault

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
FIRST = CoverScope(rules=Rules(match=Match.FIRST))
MANY = [album(number) for number in range(1, 201)]
RANGES = (IdRange(1, 50), IdRange(51, 100), IdRange(101, 150), IdRange(151, 200))


def some(outcome: str, count: int, *, first_id: int = 1) -> list[Album]:
    """Albums of which that ought to become."""
    return [album(first_id + at, number) for at, number in enumerate(numbers()[outcome][:count])]


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


async def test_a_lower_floor_decides_again_without_asking(
    opened: Database, backend_db: BackendDb
) -> None:
    below, mismatched = some("below_floor", 2), some("name_mismatch", 2, first_id=5)
    put(backend_db, *below, *mismatched)
    lml = pretend(*below, *mismatched)
    await run_artwork(opened, lml)
    lml.counters.reset()
    low = CoverScope(rules=Rules(min_confidence=0.1))
    run = await run_artwork(opened, lml, scope=low)
    assert lml.counters.calls == Counter()
    assert run.counts == {"written": 2}
    assert run.reports[0].figures()["decided_otherwise"] == 2
    assert urls(backend_db) == {
        each.library_id: found(each).results[0].picture.url  # pyright: ignore[reportOptionalMemberAccess]
        for each in below
    }


async def test_a_lower_floor_asks_about_answers_that_were_not_kept_or_are_too_old(
    opened: Database, backend_db: BackendDb
) -> None:
    old, lost = some("below_floor", 2)
    put(backend_db, old, lost)
    lml = pretend(old, lost)
    await run_artwork(opened, lml, now=NOW)
    backend_db.execute("update artwork_lookup set answer = null where library_id = 2")
    backend_db.execute(
        "update artwork_lookup set looked_up_at = looked_up_at - interval '31 days' "
        "where library_id = 1"
    )
    lml.counters.reset()
    low = CoverScope(rules=Rules(min_confidence=0.1))
    assert (await run_artwork(opened, lml, scope=low, now=NOW)).counts == {"written": 2}
    assert lml.counters.calls["lookup"] == 2


NEWER = CoverScope(rules=Rules(version=RULES_VERSION + 1))


async def test_newer_rules_decide_on_stored_answers_without_asking(
    opened: Database, backend_db: BackendDb
) -> None:
    (found_now,), (still_not,) = some("cover", 1), some("placeholder", 1, first_id=5)
    put(backend_db, found_now, still_not)
    lml = pretend(found_now, still_not)
    await run_artwork(opened, lml)
    backend_db.execute("update library set artwork_url = null")
    backend_db.execute(  # as older rules had decided
        "update artwork_lookup set outcome = 'name_mismatch', url = null, applied_at = null "
        "where library_id = 1"
    )
    lml.counters.reset()
    assert (await run_artwork(opened, lml)).counts == {}
    run = await run_artwork(opened, lml, scope=NEWER)
    assert lml.counters.calls == Counter()
    assert run.counts == {"written": 1}
    assert urls(backend_db).keys() == {1}
    decided = backend_db.rows(
        "select outcome, rules_version, decided_by, looked_up_at < decided_at as is_later "
        "from artwork_lookup order by library_id"
    )
    newer = {"rules_version": RULES_VERSION + 1, "decided_by": "a run", "is_later": True}
    assert decided == [{"outcome": "cover"} | newer, {"outcome": "placeholder"} | newer]
    before = backend_db.rows("select xmin::text from artwork_lookup order by library_id")
    await run_artwork(opened, lml, scope=NEWER)
    assert before == backend_db.rows("select xmin::text from artwork_lookup order by library_id")


async def test_newer_rules_do_not_ask_about_what_was_not_kept(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("name_mismatch", 2)
    put(backend_db, *albums)
    lml = pretend(*albums)
    await run_artwork(opened, lml)
    backend_db.execute("update artwork_lookup set answer = null")
    lml.counters.reset()
    assert (await run_artwork(opened, lml, scope=NEWER)).reports[0].resting == 2
    assert lml.counters.calls == Counter()


async def test_newer_rules_leave_covers_where_they_are(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("cover", 2)
    put(backend_db, *albums)
    await run_artwork(opened, pretend(*albums))
    before = backend_db.versions()
    strict = CoverScope(rules=Rules(min_confidence=1.0, version=RULES_VERSION + 1))
    await run_artwork(opened, pretend(*albums), scope=strict)
    assert backend_db.versions() == before


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


async def test_an_empty_answer_is_a_no_between_two_looks_at_a_closed_breaker(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("empty", 2)
    put(backend_db, *albums)
    lml = pretend(*albums)
    run = await run_artwork(opened, lml)
    assert "unknown" not in run.counts
    assert lml.counters.calls["health"] == 2


@pytest.mark.parametrize("state", ["open", "half-open"])
async def test_with_the_breaker_open_before_an_empty_answer_is_unknown(
    opened: Database, backend_db: BackendDb, state: str
) -> None:
    albums = some("empty", 2) + some("cover", 1, first_id=5)
    put(backend_db, *albums)
    run = await run_artwork(opened, pretend(*albums, settings=replace(AT_ONCE, breaker=state)))
    assert run.counts["unknown"] >= 2
    assert not run.reports[0].open_rows


async def test_with_the_breaker_open_after_an_empty_answer_is_unknown(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("empty", 1)
    put(backend_db, *albums)
    lml = pretend(*albums, faults=[Fault("breaker", route="lookup", breaker="open")])
    run = await run_artwork(opened, lml)
    assert run.counts == {"unknown": 1}
    lml.faults = []
    lml.configure(breaker="closed")
    assert "unknown" not in (await run_artwork(opened, lml)).counts


async def test_a_breaker_that_stays_open_past_the_ceiling_stops_before_the_first_lookup(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("cover", 3)
    put(backend_db, *albums)
    lml = pretend(*albums, settings=replace(AT_ONCE, breaker="half-open"))
    run = ArtworkRun(opened, lml, breaker_ceiling=0)
    summary = await run.run()
    assert "has been half-open" in str(summary.stopped)
    assert not lml.counters.calls["lookup"]
    assert lml.counters.calls["health"] == 1


async def test_a_closed_breaker_is_looked_at_no_more_often_for_the_pause(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("empty", 2)
    put(backend_db, *albums)
    lml = pretend(*albums)
    run = await run_artwork(opened, lml, breaker_ceiling=60)
    assert "unknown" not in run.counts
    assert lml.counters.calls["health"] == 2


async def test_an_unhealthy_health_route_leaves_the_empty_unknown(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("empty", 1) + some("cover", 1, first_id=5)
    put(backend_db, *albums)
    lml = pretend(*albums, faults=[Fault("status", route="health", status=500)])
    assert (await run_artwork(opened, lml)).counts == {"unknown": 1, "written": 1}


async def test_transient_trouble_is_tried_again(opened: Database, backend_db: BackendDb) -> None:
    albums = some("cover", 4)
    put(backend_db, *albums)
    faults = [Fault("status", route="lookup", status=503, every=2)]
    run = await run_artwork(opened, pretend(*albums, faults=faults))
    assert run.counts == {"written": 4}


@pytest.mark.parametrize("kind", ["malformed", "results_missing", "results_null"])
async def test_a_row_without_an_answer_leaves_its_range_open(
    opened: Database, backend_db: BackendDb, kind: str
) -> None:
    albums = some("cover", 4)
    put(backend_db, *albums)
    rows = frozenset({albums[1].legacy_release_id})
    lml = pretend(*albums, faults=[Fault(kind, route="lookup", rows=rows)])  # pyright: ignore[reportArgumentType]
    run = ArtworkRun(opened, lml, max_in_flight=1)
    summary = await run.run()
    assert run.counts == {"written": 3, "lml_error": 1}
    assert list(summary.why_open) == [IdRange(1, 1000)]
    assert summary.stopped is None
    lml.faults = []
    lml.counters.reset()
    again = await run_artwork(opened, lml)
    assert (again.counts, lml.counters.calls["lookup"]) == ({"written": 1}, 1)


async def test_a_row_that_lml_cannot_digest_is_refused_and_rests(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("cover", 3)
    put(backend_db, *albums)
    rows = frozenset({albums[1].legacy_release_id})
    lml = pretend(*albums, faults=[Fault("status", route="lookup", status=422, rows=rows)])
    run = ArtworkRun(opened, lml)
    summary = await run.run()
    assert run.counts == {"written": 2, "lml_refused": 1}
    assert set(run.reports[0].refusals) == {2}
    assert not summary.why_open
    lml.counters.reset()
    assert (await run_artwork(opened, lml)).counts == {}
    assert lml.counters.calls == Counter()


async def test_an_lml_that_rejects_every_lookup_refuses_no_row(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("cover", 12)
    put(backend_db, *albums)
    run = ArtworkRun(opened, pretend(*albums, faults=[Fault("status", route="lookup", status=422)]))
    summary = await run.run()
    assert run.counts == {"lml_error": 12}
    assert "HTTP 422" in str(summary.stopped)
    assert outcomes(backend_db) == {}


async def test_a_500_is_about_the_row_when_lml_answers_others_meanwhile(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("cover", 40)
    put(backend_db, *albums)
    rows = frozenset({albums[0].legacy_release_id})
    lml = pretend(*albums, faults=[Fault("status", route="lookup", status=500, rows=rows)])
    run = ArtworkRun(
        opened, lml, retry_policy=replace(ArtworkRun(opened).retry_policy, attempts=10)
    )
    summary = await run.run()
    assert run.counts == {"written": 39, "lml_refused": 1}
    assert not summary.why_open


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=504, body="html"),
        Fault("closed_head"),
        Fault("stalled_body"),
    ],
    ids=["504", "closed", "stalled"],
)
async def test_an_album_that_lml_hangs_up_on_is_refused_and_the_others_are_covered(
    opened: Database, backend_db: BackendDb, fault: Fault
) -> None:
    albums = some("cover", 20)
    put(backend_db, *albums)
    rows = frozenset({albums[0].legacy_release_id})
    lml = pretend(*albums, faults=[replace(fault, route="lookup", rows=rows)])
    run = ArtworkRun(opened, lml, lookup_seconds=0.3)
    summary = await run.run()
    assert run.counts == {"written": 19, "lml_refused": 1}
    assert (summary.why_open, summary.stopped) == ({}, None)
    assert set(run.reports[0].refusals) == {1}
    lml.counters.reset()
    await run_artwork(opened, lml)
    assert not lml.counters.calls


async def test_an_album_is_not_refused_by_an_lml_that_is_not_well(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("cover", 20)
    put(backend_db, *albums)
    rows = frozenset({albums[0].legacy_release_id})
    faults = [
        Fault("status", route="lookup", status=504, rows=rows),
        Fault("status", route="health", status=503),
    ]
    run = ArtworkRun(opened, pretend(*albums, faults=faults))
    summary = await run.run()
    assert run.counts == {"written": 19, "lml_error": 1}
    assert [*summary.why_open] == [IdRange(1, 1000)]


async def test_an_album_that_was_merely_slow_is_covered_after_the_others(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("cover", 20)
    put(backend_db, *albums)
    rows = frozenset({albums[0].legacy_release_id})
    attempts = ArtworkRun(opened).retry_policy.attempts
    fault = Fault("status", route="lookup", status=504, rows=rows, first=attempts)
    run = await run_artwork(opened, pretend(*albums, faults=[fault]))
    assert run.counts == {"written": 20}


async def test_covers_that_are_refused_leave_their_range_open_until_they_succeed(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("cover", 12)
    put(backend_db, *albums)
    backend_db.execute("alter table library add constraint no_covers check (artwork_url is null)")
    lml = pretend(*albums)
    for _ in range(2):
        run = ArtworkRun(opened, lml)
        summary = await run.run()
        assert run.counts == {"unwritable": 12}
        assert [*summary.why_open] == [IdRange(1, 1000)]
        assert "12 not written" in summary.why_open[IdRange(1, 1000)]
    backend_db.execute("alter table library drop constraint no_covers")
    lml.counters.reset()
    last = await run_artwork(opened, lml)
    assert last.counts == {"written": 12}
    assert not lml.counters.calls


async def test_covers_that_are_discarded_without_an_error_count_as_refused(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("cover", 12)
    put(backend_db, *albums)
    backend_db.execute(
        "create function discard() returns trigger language plpgsql as "
        "$$ begin if new.id < 6 then return null; end if; return new; end $$; "
        "create trigger discard before update on library "
        "for each row execute function discard()"
    )
    run = ArtworkRun(opened, pretend(*albums))
    summary = await run.run()
    assert run.counts == {"written": 7, "unwritable": 5}
    assert "5 not written (the cover was discarded" in summary.why_open[IdRange(1, 1000)]
    backend_db.execute("drop trigger discard on library")
    assert (await run_artwork(opened, pretend(*albums))).counts == {"written": 5}


async def test_a_refused_album_is_asked_again_when_a_person_wants_it(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("cover", 3)
    put(backend_db, *albums)
    rows = frozenset({albums[1].legacy_release_id})
    lml = pretend(*albums, faults=[Fault("status", route="lookup", status=422, rows=rows)])
    await run_artwork(opened, lml)
    store = RefusalStore(opened)
    (refusal,) = await store.refused()
    assert (refusal.library_id, refusal.subject, refusal.is_by_lml) == (
        2,
        RefusedQuestion.COVER,
        True,
    )
    await store.ask_again([refusal])
    lml.faults = []
    lml.counters.reset()
    assert (await run_artwork(opened, lml)).counts == {"written": 1}
    assert lml.counters.calls["lookup"] == 1
    assert await store.refused() == []


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_final_no_stops_the_run_at_once(
    opened: Database, backend_db: BackendDb, status: int
) -> None:
    put(backend_db, *MANY)
    lml = pretend(*MANY, faults=[Fault("status", route="lookup", status=status)])
    run = ArtworkRun(opened, lml, ranges=RANGES, max_in_flight=2)
    summary = await run.run()
    assert lml.counters.calls["lookup"] <= 2
    assert str(status) in str(summary.stopped)
    assert set(summary.why_open) == set(RANGES)
    assert outcomes(backend_db) == {}


async def test_a_lasting_outage_stops_the_run_after_three_lookups(
    opened: Database, backend_db: BackendDb
) -> None:
    put(backend_db, *MANY)
    lml = pretend(*MANY, faults=[Fault("status", route="lookup", status=503)])
    run = ArtworkRun(opened, lml, ranges=RANGES, max_in_flight=1)
    summary = await run.run()
    assert lml.counters.calls["lookup"] == 3 * 3
    assert summary.stopped is not None
    assert set(summary.why_open) == set(RANGES)


async def test_a_run_that_stops_leaves_the_empty_unknown_and_waits_for_nothing(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("empty", 1) + some("cover", 9, first_id=2)
    put(backend_db, *albums)
    faults = [Fault("status", route="lookup", status=403, calls=frozenset({3}))]
    run = ArtworkRun(opened, pretend(*albums, faults=faults), max_in_flight=1, interval=3600)
    await run.run()
    assert run.counts == {"unknown": 1, "written": 1, "lml_error": 8}


async def test_nobody_there_stops_the_run_with_its_first_lookup(
    opened: Database, backend_db: BackendDb
) -> None:
    put(backend_db, *MANY)
    calls: Counter[str] = Counter()

    def refuse(request: httpx.Request) -> httpx.Response:
        calls[request.url.path] += 1
        raise httpx.ConnectError("nobody listens")

    transport = httpx.MockTransport(refuse)
    run = ArtworkRun(opened, transport=transport, ranges=RANGES, max_in_flight=1)
    summary = await run.run()
    assert calls == {"/health": 1, "/api/v1/lookup": 1}
    assert "LIBRARY_METADATA_URL" in str(summary.stopped)


async def test_a_stalled_body_costs_its_timeout_and_the_others_nothing(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("cover", 10)
    put(backend_db, *albums)
    stalled = Fault(
        "stalled_body", route="lookup", rows=frozenset({albums[0].legacy_release_id}), first=1
    )
    lml = pretend(*albums, faults=[stalled])
    run = await run_artwork(opened, lml, lookup_seconds=2)
    assert run.counts == {"written": 10}
    assert lml.counters.calls["lookup"] == 11


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
