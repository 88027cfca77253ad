"""The pipelines give way to a DJ on the air, as the real flowsheet shows one."""

from collections.abc import Callable

import pytest

from wxyc_assets.adapters.lml.errors import LiveActivityTimeout
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.flowsheet_store import FlowsheetStore
from wxyc_assets.domain.live_activity import LiveActivityLimits
from wxyc_assets.flows.live_activity import LiveActivity
from wxyc_assets_tests.integration.flows.station import IdentityHarness, opening
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import album, pretend, put, run_artwork
from wxyc_assets_tests.support.sample_library import RECORDS

ALBUMS = [album(number) for number in range(1, 51)]
BRIEF = LiveActivityLimits(lookback_seconds=60, pause_seconds=0.001, max_pause_seconds=60)
NEVER_WAITS = LiveActivityLimits(lookback_seconds=60, pause_seconds=0.001, max_pause_seconds=0)


class Studio(FlowsheetStore):
    """The flowsheet, on which a DJ logs a track when `begins` says so, for a number of looks."""

    def __init__(
        self, database: Database, backend_db: BackendDb, begins: Callable[[], bool], *, looks: int
    ) -> None:
        super().__init__(database)
        self._backend_db = backend_db
        self._begins = begins
        self._looks = looks
        self.seen: list[bool] = []

    async def is_live(self, lookback_seconds: float) -> bool:
        if self._begins() and not any(self.seen):
            self._backend_db.execute("insert into flowsheet (play_order) values (1)")
        if sum(self.seen) == self._looks:
            self._backend_db.execute("delete from flowsheet")
        self.seen.append(await super().is_live(lookback_seconds))
        return self.seen[-1]


async def test_identities_are_asked_for_once_the_show_is_over(station: IdentityHarness) -> None:
    calls_at_a_look: list[int] = []

    def begins() -> bool:
        calls_at_a_look.append(station.calls)
        return True

    async with opening(station.url) as opened:
        studio = Studio(opened, station.backend_db, begins, looks=3)
        live = LiveActivity(studio, BRIEF, check_interval=60)
        summary = await station.run(give_way=live.give_way)
    assert not summary.why_open
    assert studio.seen == [True, True, True, False]
    assert calls_at_a_look == [0] * 4
    assert live.pauses == 1
    assert len(station.asked) == RECORDS


async def test_a_show_without_an_end_stops_identities_with_everything_stored(
    station: IdentityHarness,
) -> None:
    async with opening(station.url) as opened:
        studio = Studio(opened, station.backend_db, lambda: station.calls >= 3, looks=10_000)
        live = LiveActivity(studio, NEVER_WAITS, check_interval=0)
        summary = await station.run(give_way=live.give_way)
    assert isinstance(summary.stopped, LiveActivityTimeout)
    assert summary.why_open
    assert 0 < len(station.asked) < RECORDS
    stored = station.backend_db.rows("select library_id from lml_resolution")
    assert {each["library_id"] for each in stored} == station.asked
    await station.run()
    assert len(station.asked) == RECORDS
    assert not station.pretend.counters.answered_more_than_once


@pytest.mark.parametrize("begins_after", [0, 20])
async def test_a_show_without_an_end_stops_covers_with_everything_stored(
    opened: Database, backend_db: BackendDb, begins_after: int
) -> None:
    put(backend_db, *ALBUMS)
    lml = pretend(*ALBUMS)
    studio = Studio(
        opened, backend_db, lambda: lml.counters.calls["lookup"] >= begins_after, looks=10_000
    )
    live = LiveActivity(studio, NEVER_WAITS, check_interval=0)
    run = await run_artwork(opened, lml, give_way=live.give_way)
    asked = lml.counters.calls["lookup"]
    assert begins_after <= asked < begins_after + run.max_in_flight + 1
    assert backend_db.value("select count(*) from artwork_lookup") == asked
    assert run.counts["lml_error"] == len(ALBUMS) - asked
    (report,) = run.reports
    assert "A DJ has been on the air" in report.why_open


async def test_covers_are_looked_up_once_the_show_is_over(
    opened: Database, backend_db: BackendDb
) -> None:
    put(backend_db, *ALBUMS)
    lml = pretend(*ALBUMS)
    studio = Studio(opened, backend_db, lambda: True, looks=2)
    live = LiveActivity(studio, BRIEF, check_interval=60)
    run = await run_artwork(opened, lml, give_way=live.give_way)
    assert studio.seen == [True, True, False]
    assert lml.counters.calls["lookup"] == len(ALBUMS)
    assert not run.counts["lml_error"]
