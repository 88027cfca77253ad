"""Pauses while a DJ is on the air, in virtual time."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from wxyc_assets.adapters.lml.errors import LiveActivityTimeout
from wxyc_assets.domain.live_activity import LiveActivityLimits
from wxyc_assets.flows.live_activity import CHECK_INTERVAL_SECONDS, LiveActivity
from wxyc_sandbox.virtual_time import run_virtually

USUAL = LiveActivityLimits(lookback_seconds=60, pause_seconds=30, max_pause_seconds=1800)


class Show:
    """A flowsheet on which a DJ is on the air from one second to another of the loop's clock."""

    def __init__(self, begins: float, ends: float) -> None:
        self.begins, self.ends = begins, ends
        self.looks: list[float] = []

    async def is_live(self, lookback_seconds: float) -> bool:
        now = asyncio.get_running_loop().time()
        self.looks.append(now)
        return self.begins <= now < self.ends


def after(work: Coroutine[Any, Any, None]) -> float:
    """Return the time at which the work has ended."""

    async def timed() -> float:
        await work
        return asyncio.get_running_loop().time()

    return run_virtually(timed())


def test_nobody_waits_while_nobody_is_on_the_air() -> None:
    live = LiveActivity(Show(0, 0), USUAL)
    assert after(live.give_way()) == 0
    assert live.figures() == {"live_activity.pauses": 0, "live_activity.paused_seconds": 0}


def test_a_show_is_waited_for_in_steps() -> None:
    show = Show(0, 65)
    live = LiveActivity(show, USUAL)
    assert after(live.give_way()) == 90
    assert show.looks == [0, 30, 60, 90]
    assert live.figures() == {"live_activity.pauses": 1, "live_activity.paused_seconds": 90}


def test_callers_share_the_looks_and_the_pause() -> None:
    show = Show(0, 20)
    live = LiveActivity(show, USUAL)

    async def many() -> None:
        await asyncio.gather(*(live.give_way() for _ in range(8)))

    assert after(many()) == 30
    assert show.looks == [0, 30]
    assert live.pauses == 1


def test_a_quiet_flowsheet_is_looked_at_once_in_a_while() -> None:
    show = Show(100, 100)
    live = LiveActivity(show, USUAL)

    async def lookups() -> None:
        for _ in range(200):
            await live.give_way()
            await asyncio.sleep(CHECK_INTERVAL_SECONDS / 100)

    after(lookups())
    assert len(show.looks) == 2


def test_a_second_show_is_a_second_pause() -> None:
    show = Show(0, 10)
    live = LiveActivity(show, USUAL)

    async def two_shows() -> None:
        await live.give_way()
        show.begins, show.ends = 31, 40
        await asyncio.sleep(CHECK_INTERVAL_SECONDS)
        await live.give_way()

    assert after(two_shows()) == 30 + CHECK_INTERVAL_SECONDS + 30
    assert live.figures() == {"live_activity.pauses": 2, "live_activity.paused_seconds": 60}


def test_at_the_ceiling_it_fails_for_all_callers_and_stays_failed() -> None:
    show = Show(0, 10_000)
    live = LiveActivity(
        show, LiveActivityLimits(lookback_seconds=60, pause_seconds=30, max_pause_seconds=100)
    )

    async def three() -> None:
        errors = await asyncio.gather(*(live.give_way() for _ in range(2)), return_exceptions=True)
        assert [type(each) for each in errors] == [LiveActivityTimeout] * 2
        with pytest.raises(LiveActivityTimeout, match="LIVE_ACTIVITY_MAX_PAUSE_MS=100000"):
            await live.give_way()

    assert after(three()) == 100
    assert show.looks == [0, 30, 60, 90, 100]
    assert live.figures() == {"live_activity.pauses": 1, "live_activity.paused_seconds": 100}


def test_a_lookback_of_zero_never_looks() -> None:
    show = Show(0, 10_000)
    live = LiveActivity(
        show, LiveActivityLimits(lookback_seconds=0, pause_seconds=30, max_pause_seconds=100)
    )
    assert after(live.give_way()) == 0
    assert not show.looks
