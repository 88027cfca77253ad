"""LML's health between empty answers, on a clock that costs nothing."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest

from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.flows.artwork.health_probes import HealthProbes
from wxyc_assets_tests.support.covers import pretend
from wxyc_assets_tests.support.in_flight import InFlight
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.virtual_time import run_virtually

INTERVAL = 30.0

Story = Callable[[HealthProbes, PretendLml], Coroutine[Any, Any, None]]


def told(story: Story) -> PretendLml:
    """Plays the story against probes that run beside it; the pretend LML afterwards."""

    async def play() -> PretendLml:
        app = pretend()
        transport = httpx.ASGITransport(app=app)  # pyright: ignore[reportArgumentType]
        async with lml.open_lml(
            "http://lml", api_key=None, budget=InFlight(1), timeout_seconds=5, transport=transport
        ) as client:
            probes = HealthProbes(client, interval=INTERVAL)
            running = asyncio.create_task(probes.run())
            await story(probes, app)
            running.cancel()
        return app

    return run_virtually(play())


def test_without_a_question_there_is_no_probe() -> None:
    async def story(probes: HealthProbes, app: PretendLml) -> None:
        await asyncio.sleep(1000)

    assert told(story).counters.calls["health"] == 0


def test_an_empty_answer_waits_for_the_next_probe_and_its_interval() -> None:
    async def story(probes: HealthProbes, app: PretendLml) -> None:
        began = asyncio.get_running_loop().time()
        verdicts: list[bool] = []
        before = await probes.latest()
        for _ in range(3):
            probes.verify(before, verdicts.append)
        while not verdicts:
            await asyncio.sleep(1)
        assert verdicts == [True] * 3
        assert INTERVAL <= asyncio.get_running_loop().time() - began <= INTERVAL + 1

    assert told(story).counters.calls["health"] == 2


def test_health_is_asked_once_an_interval_however_many_want_it() -> None:
    async def story(probes: HealthProbes, app: PretendLml) -> None:
        for _ in range(99):
            probes.verify(await probes.latest(), lambda _: None)
            await asyncio.sleep(3)

    assert told(story).counters.calls["health"] == 10


def test_a_probe_under_way_is_not_the_one_after() -> None:
    async def story(probes: HealthProbes, app: PretendLml) -> None:
        app.configure(base_latency_seconds=0)
        verdicts: list[bool] = []
        before = await probes.latest()
        probes.verify(before, verdicts.append)
        await asyncio.sleep(INTERVAL / 2)
        app.configure(breaker="open")
        await asyncio.sleep(INTERVAL)
        assert verdicts == [False]

    told(story)


def test_after_an_open_breaker_everything_empty_is_unknown_until_it_closes() -> None:
    async def story(probes: HealthProbes, app: PretendLml) -> None:
        app.configure(breaker="open")
        verdicts: list[bool] = []
        probes.verify(await probes.latest(), verdicts.append)
        assert verdicts == [False]
        app.configure(breaker="closed")
        await probes.latest()
        await asyncio.sleep(INTERVAL + 1)
        probes.verify(await probes.latest(), verdicts.append)
        await asyncio.sleep(INTERVAL + 1)
        assert verdicts == [False, True]

    told(story)


def test_a_breaker_that_opened_between_two_closed_probes_of_a_long_call_spoils_it() -> None:
    async def story(probes: HealthProbes, app: PretendLml) -> None:
        verdicts: list[bool] = []
        before = await probes.latest()
        probes.verify(before, lambda _: None)
        app.configure(breaker="half-open")
        await asyncio.sleep(INTERVAL + 1)
        app.configure(breaker="closed")
        await probes.latest()
        await asyncio.sleep(INTERVAL + 1)
        probes.verify(before, verdicts.append)
        assert verdicts == [False]

    told(story)


@pytest.mark.parametrize(("breaker", "counts"), [("closed", True), ("open", False)])
def test_an_answer_of_an_earlier_run_waits_for_one_probe(breaker: Any, counts: bool) -> None:
    async def story(probes: HealthProbes, app: PretendLml) -> None:
        app.configure(breaker=breaker)
        verdicts: list[bool] = []
        probes.verify_stored(verdicts.append)
        assert verdicts == []
        while not verdicts:
            await asyncio.sleep(1)
        assert verdicts == [counts]

    assert told(story).counters.calls["health"] == 1


def test_who_gives_up_waits_for_nothing() -> None:
    async def story(probes: HealthProbes, app: PretendLml) -> None:
        verdicts: list[bool] = []
        probes.verify(await probes.latest(), verdicts.append)
        probes.give_up()
        probes.verify(1, verdicts.append)
        assert verdicts == [False, False]

    assert told(story).counters.calls["health"] == 1
