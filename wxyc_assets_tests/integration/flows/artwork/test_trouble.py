"""Trouble with LML or the database, in a run over covers."""

from collections import Counter
from dataclasses import replace

import httpx
import pytest

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.refusal_store import RefusalStore, RefusedQuestion
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import (
    MANY,
    RANGES,
    ArtworkRun,
    outcomes,
    pretend,
    put,
    run_artwork,
    some,
)
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.faults import Fault, Kind


def spoiled(backend_db: BackendDb, number: int, *faults: Fault, at: int) -> PretendLml:
    """Put so many albums with covers; return an LML that has these faults at one album's lookup."""
    albums = some("cover", number)
    put(backend_db, *albums)
    rows = frozenset({albums[at].legacy_release_id})
    return pretend(*albums, faults=[replace(each, route="lookup", rows=rows) for each in faults])


async def test_transient_trouble_is_tried_again(opened: Database, backend_db: BackendDb) -> None:
    albums = some("cover", 4)
    put(backend_db, *albums)
    faults = [Fault("status", route="lookup", status=503, every=2)]
    run = await run_artwork(opened, pretend(*albums, faults=faults))
    assert run.counts == {"written": 4}


@pytest.mark.parametrize("kind", ["malformed", "results_missing", "results_null"])
async def test_a_row_without_an_answer_leaves_its_range_open(
    opened: Database, backend_db: BackendDb, kind: Kind
) -> None:
    lml = spoiled(backend_db, 4, Fault(kind), at=1)
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
    lml = spoiled(backend_db, 3, Fault("status", status=422), at=1)
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
    lml = spoiled(backend_db, 40, Fault("status", status=500), at=0)
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
    lml = spoiled(backend_db, 20, fault, at=0)
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
    lml = spoiled(backend_db, 20, Fault("status", status=504), at=0)
    lml.faults = [*lml.faults, Fault("status", route="health", status=503)]
    run = ArtworkRun(opened, lml)
    summary = await run.run()
    assert run.counts == {"written": 19, "lml_error": 1}
    assert [*summary.why_open] == [IdRange(1, 1000)]


async def test_an_album_that_was_merely_slow_is_covered_after_the_others(
    opened: Database, backend_db: BackendDb
) -> None:
    attempts = ArtworkRun(opened).retry_policy.attempts
    lml = spoiled(backend_db, 20, Fault("status", status=504, first=attempts), at=0)
    run = await run_artwork(opened, lml)
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
    lml = spoiled(backend_db, 3, Fault("status", status=422), at=1)
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
    lml = spoiled(backend_db, 10, Fault("stalled_body", first=1), at=0)
    run = await run_artwork(opened, lml, lookup_seconds=2)
    assert run.counts == {"written": 10}
    assert lml.counters.calls["lookup"] == 11
