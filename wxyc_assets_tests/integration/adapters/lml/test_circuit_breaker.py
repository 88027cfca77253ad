"""The wait for LML's circuit breaker, and the one trial, over the pretend LML in virtual time."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from wxyc_assets.adapters.budget.shared_budget import open_budget
from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.adapters.lml.circuit_breaker import (
    CHECK_INTERVAL_SECONDS,
    COOLDOWN_SECONDS,
    CircuitBreakerWatch,
)
from wxyc_assets.adapters.lml.client import LookupResult
from wxyc_assets.adapters.lml.errors import CircuitBreakerTimeout, LmlError, LmlUnavailable
from wxyc_sandbox.in_memory_budget import BudgetState, InMemoryBudget
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.virtual_time import run_virtually

OPEN = LmlSettings(breaker="open", discogs_per_worker_per_minute=0, breaker_cooldown_seconds=45)
CEILING = 1_800.0
ALBUMS = [(number + 1, "Artist a", f"Album {number}") for number in range(200)]


class Asking:
    """One process that looks albums up, each as soon as the breaker allows it."""

    def __init__(self, client: lml.LmlClient, name: str) -> None:
        self._client = client
        self._name = name
        self.watch = CircuitBreakerWatch(client, ceiling_seconds=CEILING)
        self.answers: list[LookupResult] = []

    async def ask(self, number: int) -> None:
        async def look_up() -> LookupResult:
            return await self._client.lookup(f"Artist {self._name}", f"Album {number}")

        answer = await self.watch.call(look_up, lambda result: result.is_live)
        self.answers.append(answer)

    async def ask_all(self, number: int = 200) -> None:
        await asyncio.gather(*(self.ask(each) for each in range(number)))


@asynccontextmanager
async def asking(
    pretend: PretendLml, name: str = "a", state: BudgetState | None = None
) -> AsyncGenerator[Asking]:
    async with (
        open_budget(InMemoryBudget(state), max_in_flight=4, per_minute=0) as budget,
        lml.open_lml(
            "http://lml",
            api_key=None,
            budget=budget,
            timeout_seconds=60,
            transport=httpx.ASGITransport(app=pretend),
        ) as client,
    ):
        yield Asking(client, name)


def timed(work: Callable[[], Coroutine[Any, Any, None]]) -> float:
    """The virtual seconds that it took."""

    async def run() -> float:
        await work()
        return asyncio.get_running_loop().time()

    return run_virtually(run())


def live_attempts(pretend: PretendLml) -> int:
    return sum(each.live_requests for each in pretend.discogs.breakers)


async def others_try(pretend: PretendLml, every: float) -> None:
    """Other callers, of each worker in turn."""
    worker = 0
    while True:
        await pretend.discogs.request(1, worker % len(pretend.discogs.breakers))
        worker += 1
        await asyncio.sleep(every)


@pytest.mark.parametrize("live_share", [0.1, 0.5, 1.0])
def test_alone_at_night_one_trial_closes_it_and_all_go_on(live_share: float) -> None:
    pretend = PretendLml(OPEN.changed({"lookup_live_share": live_share}), ALBUMS)

    async def work() -> None:
        async with asking(pretend) as process:
            await process.ask_all()
            assert len(process.answers) == 200

    # A cached answer without results looks as if it had been shed, and costs another cool-down.
    assert timed(work) <= 10 * COOLDOWN_SECONDS
    assert sum(each.shed for each in pretend.discogs.breakers) == 0
    assert all(each.state == "closed" for each in pretend.discogs.breakers)


def test_nothing_is_sent_before_the_cooldown_and_then_one_call_at_a_time() -> None:
    pretend = PretendLml(OPEN)

    async def work() -> None:
        async with asking(pretend) as process:
            all_of_them = asyncio.create_task(process.ask_all())
            await asyncio.sleep(COOLDOWN_SECONDS - 1)
            assert pretend.counters.calls["lookup"] == 0
            await all_of_them

    timed(work)


def test_of_several_processes_one_makes_the_trial() -> None:
    # Discogs refuses, so that each trial shows.
    pretend = PretendLml(OPEN.changed({"discogs_refuses": True, "lookup_live_share": 1.0}))
    state = BudgetState()

    async def work() -> None:
        async with (
            asking(pretend, "a", state) as one,
            asking(pretend, "b", state) as two,
            asking(pretend, "c", state) as three,
            asyncio.TaskGroup() as group,
        ):
            tasks = [group.create_task(each.ask_all(20)) for each in (one, two, three)]
            await asyncio.sleep(4 * COOLDOWN_SECONDS)
            for task in tasks:
                task.cancel()

    timed(work)
    assert 1 <= live_attempts(pretend) <= 4
    assert pretend.counters.calls["lookup"] == live_attempts(pretend)


def test_while_others_are_shed_we_wait_and_send_nothing() -> None:
    pretend = PretendLml(OPEN.changed({"discogs_refuses": True}))

    async def work() -> None:
        others = asyncio.create_task(others_try(pretend, every=5))
        async with asking(pretend) as process:
            all_of_them = asyncio.create_task(process.ask_all())
            await asyncio.sleep(600)
            assert pretend.counters.calls["lookup"] == 0
            pretend.configure(discogs_refuses=False)  # now a trial of the others closes it
            await all_of_them
        others.cancel()

    assert timed(work) < 600 + 100


def test_a_breaker_stuck_half_open_is_tried_now_and_then_until_the_ceiling() -> None:
    pretend = PretendLml(OPEN.changed({"breaker": "half-open", "lookup_live_share": 1.0}))

    async def work() -> None:
        async with asking(pretend) as process:
            results = await asyncio.gather(
                *(process.ask(each) for each in range(100)), return_exceptions=True
            )
            stuck = [each for each in results if isinstance(each, CircuitBreakerTimeout)]
            assert len(stuck) > 70
            assert "half-open for 30 minutes" in str(stuck[0])

    assert timed(work) == pytest.approx(CEILING, abs=31)
    assert 5 <= live_attempts(pretend) <= CEILING / COOLDOWN_SECONDS


def test_a_worker_that_restarts_neither_looks_like_others_nor_ends_the_wait_for_good() -> None:
    pretend = PretendLml(OPEN.changed({"breaker_cooldown_seconds": 10_000}))

    async def work() -> None:
        for worker, times in enumerate((7, 8, 9)):
            for _ in range(times):
                await pretend.discogs.request(1, worker)
        async with asking(pretend) as process:
            all_of_them = asyncio.create_task(process.ask_all())
            await asyncio.sleep(45)
            pretend.discogs.restart(1)  # closed again, and its count goes backwards
            await asyncio.sleep(2)
            await all_of_them

    assert timed(work) < 300


def test_health_that_fails_holds_nobody_up() -> None:
    pretend = PretendLml(OPEN)

    async def work() -> None:
        async with asking(pretend) as process:
            all_of_them = asyncio.create_task(process.ask_all())
            await asyncio.sleep(CHECK_INTERVAL_SECONDS / 2)
            assert not process.answers
            pretend.faults = [Fault("status", route="health", status=500)]
            await all_of_them

    assert timed(work) == pytest.approx(CHECK_INTERVAL_SECONDS, abs=2)


def test_without_discogs_nobody_waits() -> None:
    pretend = PretendLml(OPEN.changed({"breaker": None}))

    async def work() -> None:
        async with asking(pretend) as process:
            await process.ask_all()

    assert timed(work) < 2


def test_a_closed_breaker_is_looked_at_every_thirty_seconds() -> None:
    pretend = PretendLml(OPEN.changed({"breaker": "closed"}))

    async def work() -> None:
        async with asking(pretend) as process:
            for number in range(300):
                await process.ask(number)
                await asyncio.sleep(1)

    timed(work)
    assert pretend.counters.calls["health"] == pytest.approx(11, abs=1)


def test_a_trial_that_fails_costs_another_cooldown() -> None:
    pretend = PretendLml(OPEN, faults=[Fault("status", route="lookup", status=503, first=1)])
    errors: list[LmlError] = []

    async def work() -> None:
        async with asking(pretend) as process:
            for number in range(2):
                try:
                    await process.ask(number)
                except LmlUnavailable as error:
                    errors.append(error)

    assert timed(work) > 2 * COOLDOWN_SECONDS
    assert len(errors) == 1
