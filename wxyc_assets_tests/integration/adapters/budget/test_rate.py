"""Discogs requests within a limit a minute, over processes in virtual time and the pretend LML."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import pytest

from wxyc_assets.adapters.budget.shared_budget import open_budget
from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.adapters.lml import lookup
from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.domain.prices import Price
from wxyc_sandbox.in_memory_budget import BudgetState, InMemoryBudget
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.virtual_time import run_virtually

MINUTE = 60.0
UNLIMITED = LmlSettings(discogs_per_worker_per_minute=0, lookup_latency_seconds=0.5)


@dataclass
class Processes:
    """Processes over one LML and one budget, each with a client of its own."""

    pretend: PretendLml
    per_minute: float
    in_flight: int = 8
    state: BudgetState = field(default_factory=BudgetState)
    answers: int = 0
    albums: Iterator[int] = field(default_factory=count)

    @asynccontextmanager
    async def client(self, backend: InMemoryBudget | None = None) -> AsyncGenerator[lml.LmlClient]:
        async with (
            open_budget(
                backend or InMemoryBudget(self.state),
                max_in_flight=self.in_flight,
                per_minute=self.per_minute,
            ) as budget,
            lml.open_lml(
                "http://lml",
                api_key=None,
                budget=budget,
                timeout_seconds=60,
                transport=httpx.ASGITransport(app=self.pretend),
            ) as client,
        ):
            yield client

    async def keep_looking_up(self, client: lml.LmlClient) -> None:
        while True:
            with suppress(LmlError):
                await client.lookup("Artist", f"Album {next(self.albums)}")
                self.answers += 1

    async def keep_refreshing(self, client: lml.LmlClient) -> None:
        while True:
            await client.refresh([next(self.albums) + 1])
            self.answers += 1

    async def work(self, seconds: float, *, processes: int = 3, at_once: int = 8) -> None:
        """Look albums up, and refresh identities beside it, for so long."""
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(self.client()) for _ in range(processes)]
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                    for client in clients:
                        for _ in range(at_once):
                            group.create_task(self.keep_looking_up(client))


def pretend(live_share: float, **more: Any) -> PretendLml:
    return PretendLml(UNLIMITED.changed({"lookup_live_share": live_share, **more}))


@pytest.mark.parametrize("per_minute", [15, 30, 50])
@pytest.mark.parametrize("live_share", [0.05, 0.5, 1.0])
def test_in_any_minute_discogs_gets_at_most_the_rate(live_share: float, per_minute: int) -> None:
    station = Processes(pretend(live_share), per_minute)
    run_virtually(station.work(8 * MINUTE))
    discogs = station.pretend.discogs
    assert discogs.busiest_minute <= per_minute
    assert discogs.requests >= 0.5 * per_minute * 7
    assert discogs.requests == sum(discogs.requests_by_minute.values())


@pytest.mark.parametrize("shares", [(0.0, 1.0, 0.0), (1.0, 0.0, 1.0), (0.02, 1.0, 0.3)])
def test_a_cache_that_turns_cold_or_warm_makes_no_burst(shares: tuple[float, ...]) -> None:
    station = Processes(pretend(0.0), 30)

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(station.work(len(shares) * 2 * MINUTE))
            for share in shares:
                station.pretend.configure(lookup_live_share=share)
                await asyncio.sleep(2 * MINUTE)

    run_virtually(work())
    assert 0 < station.pretend.discogs.busiest_minute <= 30


def test_refreshes_and_lookups_and_looks_at_health_share_the_rate() -> None:
    station = Processes(pretend(1.0), 30)

    async def work() -> None:
        async with station.client() as one, station.client() as two, asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(station.keep_refreshing(one)),
                group.create_task(station.keep_looking_up(two)),
                group.create_task(_keep_looking_at_health(two)),
            ]
            await asyncio.sleep(8 * MINUTE)
            for task in tasks:
                task.cancel()

    run_virtually(work())
    assert min(station.pretend.counters.calls[each] for each in ("refresh", "lookup")) > 8
    assert station.pretend.discogs.busiest_minute <= 30


async def _keep_looking_at_health(client: lml.LmlClient) -> None:
    while True:
        await client.health()
        await asyncio.sleep(30)


def test_a_warm_cache_runs_at_its_own_speed() -> None:
    station = Processes(pretend(0.0), 30, in_flight=4)
    run_virtually(station.work(MINUTE, processes=1, at_once=4))
    assert station.answers >= 0.95 * 4 * MINUTE / 0.5


def test_processes_get_about_as_much_of_a_cold_library() -> None:
    station = Processes(pretend(1.0), 50)
    parts = [Processes(station.pretend, 50, state=station.state) for _ in range(3)]
    for number, part in enumerate(parts):
        part.albums = count(number * 100_000)

    async def work() -> None:
        await asyncio.gather(*(part.work(20 * MINUTE, processes=1) for part in parts))

    run_virtually(work())
    assert min(part.answers for part in parts) >= 0.7 * max(part.answers for part in parts)


def test_what_recent_answers_have_cost_is_the_estimate() -> None:
    async def work() -> list[float]:
        state, price = BudgetState(), Price("lookup", guess=7, seconds=30)
        backend = InMemoryBudget(state)
        seen: list[float] = []
        for cost in (0, *range(1, 101), *[3] * 100):
            number = await backend.reserve(price, per_minute=1_000)
            assert await backend.is_due(number, price, per_minute=1e9)
            await backend.settle(number, price, cost, per_minute=1e9)
            number = await backend.reserve(price, per_minute=1_000)
            seen.append(state.spending[number].requests)
        return seen

    seen = run_virtually(work())
    assert seen[0] == seen[1] == 7  # what comes from the cache tells nothing
    assert seen[100] == 95
    assert seen[-1] == 3


def test_a_call_in_flight_that_is_cancelled_stays_spent_and_one_that_waits_does_not() -> None:
    station = Processes(pretend(1.0, lookup_latency_seconds=20), 15)

    async def work() -> None:
        async with station.client() as client:
            calls = [
                asyncio.create_task(client.lookup("Artist", f"Album {number}"))
                for number in range(10)
            ]
            await asyncio.sleep(5)
            assert _reserved(station) == 70  # two in flight, and all the others in the queue
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            assert _reserved(station) == 14
            await asyncio.sleep(lookup.TIMEOUT_SECONDS + MINUTE)
            assert _reserved(station) == 0

    run_virtually(work())


def test_a_call_that_lost_its_place_and_is_cancelled_leaves_no_reservation_behind() -> None:
    class Forgetful(InMemoryBudget):
        """Has lost each process's first reservation when it is asked about it."""

        async def is_due(self, number: int, price: Price, *, per_minute: float) -> bool | None:
            if number <= 2:
                station.state.spending.pop(number, None)
            return await super().is_due(number, price, per_minute=per_minute)

    station = Processes(pretend(1.0, lookup_latency_seconds=20), 7)

    async def work() -> None:
        async with station.client(Forgetful(station.state)) as client:
            calls = [
                asyncio.create_task(client.lookup("Artist", f"Album {each}")) for each in range(2)
            ]
            await asyncio.sleep(5)
            assert _reserved(station) == 14  # one in flight, the other in the queue
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            assert _reserved(station) == 7

    run_virtually(work())


def _reserved(station: Processes) -> float:
    now = asyncio.get_running_loop().time()
    return sum(each.requests for each in station.state.spending.values() if each.expires_at > now)


@pytest.mark.parametrize(("status", "left"), [(401, 0.0), (422, 0.0), (500, 7.0), (503, 7.0)])
def test_a_refused_call_is_free_and_a_failed_one_is_paid(status: int, left: float) -> None:
    station = Processes(
        PretendLml(UNLIMITED, faults=[Fault("status", route="lookup", status=status)]), 15
    )

    async def work() -> None:
        async with station.client() as client:
            with pytest.raises(LmlError):
                await client.lookup("Artist", "Album")
        assert _reserved(station) == left

    run_virtually(work())


def test_a_call_that_is_called_off_after_its_wait_is_neither_sent_nor_paid() -> None:
    station = Processes(pretend(1.0), 7)

    def call_off() -> None:
        raise LmlError("called off")

    async def work() -> float:
        async with station.client() as client:
            await client.lookup("Artist", "Album")
            started = asyncio.get_running_loop().time()
            with pytest.raises(LmlError, match="called off"):
                await client.lookup("Artist", "Another", before_sending=call_off)
            waited = asyncio.get_running_loop().time() - started
        assert _reserved(station) == 0
        return waited

    assert run_virtually(work()) >= MINUTE / 2
    assert station.pretend.counters.calls["lookup"] == 1


def test_a_call_beyond_the_rate_waits_for_an_empty_minute_and_counts_for_several() -> None:
    station = Processes(PretendLml(UNLIMITED), 15)

    async def work() -> float:
        async with station.client() as client:
            for first in (1, 11, 21):
                await client.refresh(range(first, first + 10))
            return asyncio.get_running_loop().time()

    seconds = run_virtually(work())
    assert seconds >= MINUTE * 2 * 25 / 15
    assert station.pretend.discogs.requests / (seconds / MINUTE + 2) <= 15 * 1.2


def _counting(calls: Callable[[str], None]) -> InMemoryBudget:
    class Counting(InMemoryBudget):
        async def reserve(self, price: Price, *, per_minute: float) -> int:
            calls("reserve")
            return await super().reserve(price, per_minute=per_minute)

        async def settle(
            self, number: int, price: Price, cost: float | None, *, per_minute: float
        ) -> None:
            calls("settle")
            await super().settle(number, price, cost, per_minute=per_minute)

    return Counting()


def test_a_reservation_serves_the_calls_of_a_second_while_lml_answers_from_its_cache() -> None:
    trips: list[str] = []
    station = Processes(pretend(0.0, lookup_latency_seconds=0.01), 30)

    async def work() -> None:
        async with station.client(_counting(trips.append)) as client:
            for number in range(500):
                await client.lookup("Artist", f"Album {number}")

    run_virtually(work())
    assert len(trips) <= 2 * (500 * 0.011 + 2)


def test_without_a_rate_nothing_is_reserved() -> None:
    trips: list[str] = []
    station = Processes(pretend(1.0), 0)

    async def work() -> None:
        async with station.client(_counting(trips.append)) as client:
            await client.lookup("Artist", "Album")
            await client.refresh([1])

    run_virtually(work())
    assert not trips
