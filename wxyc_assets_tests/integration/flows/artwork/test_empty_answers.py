"""Empty answers, which count as LML's health is."""

from dataclasses import replace

import pytest

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import (
    ArtworkRun,
    pretend,
    put,
    run_artwork,
    some,
)
from wxyc_sandbox.lml.faults import Fault


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
