"""The budget's rules in virtual time; each process is a budget of its own over one state."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from wxyc_assets.adapters.budget.shared_budget import SharedBudget, open_budget
from wxyc_assets.adapters.postgres.errors import DatabaseUnavailable
from wxyc_assets.domain.contention import Contention
from wxyc_sandbox.in_memory_budget import BudgetState, InMemoryBudget
from wxyc_sandbox.virtual_time import run_virtually


class RequestLog:
    """Counts who is in flight."""

    def __init__(self) -> None:
        self.in_flight = self.most_in_flight = 0
        self.calls: Counter[str] = Counter()

    async def call(self, budget: SharedBudget, who: str, seconds: float) -> None:
        async with budget.admit(None):
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            try:
                await asyncio.sleep(seconds)
            finally:
                self.in_flight -= 1
            self.calls[who] += 1

    async def keep_calling(self, budget: SharedBudget, who: str, seconds: float) -> None:
        while True:
            await self.call(budget, who, seconds)


@asynccontextmanager
async def processes(
    number: int, *, in_flight: int = 8, per_minute: float = 0
) -> AsyncGenerator[list[SharedBudget]]:
    state = BudgetState()
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                open_budget(InMemoryBudget(state), max_in_flight=in_flight, per_minute=per_minute)
            )
            for _ in range(number)
        ]


async def calling_for(
    seconds: float,
    lml: RequestLog,
    budgets: list[SharedBudget],
    *,
    at_once: int,
    each: float = 0.01,
) -> None:
    try:
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            for name, budget in zip("abcdefgh", budgets, strict=False):
                for _ in range(at_once):
                    group.create_task(lml.keep_calling(budget, name, each))
    except TimeoutError:
        pass


def elapsed(work: Callable[[], Awaitable[None]]) -> float:
    async def timed() -> float:
        began = asyncio.get_running_loop().time()
        await work()
        return asyncio.get_running_loop().time() - began

    return run_virtually(timed())


def test_one_process_gets_all_the_places_and_no_more() -> None:
    lml = RequestLog()

    async def work() -> None:
        async with processes(1, in_flight=3) as (budget,):
            await asyncio.gather(*(lml.call(budget, "a", 1) for _ in range(9)))

    assert elapsed(work) == pytest.approx(3, abs=0.01)
    assert lml.most_in_flight == 3


@pytest.mark.parametrize(("number", "in_flight"), [(2, 8), (3, 8), (4, 2), (5, 1)])
def test_processes_share_the_places_fairly(number: int, in_flight: int) -> None:
    lml = RequestLog()

    async def work() -> None:
        async with processes(number, in_flight=in_flight) as budgets:
            await calling_for(60, lml, budgets, at_once=8)

    run_virtually(work())
    assert lml.most_in_flight == in_flight
    assert len(lml.calls) == number
    assert min(lml.calls.values()) > 0.8 * max(lml.calls.values())
    assert lml.calls.total() > 0.7 * in_flight * 60 / 0.01


def test_alone_a_request_costs_no_round_trip() -> None:
    class Counting(InMemoryBudget):
        takes = looks = waits = 0

        async def hold(self, count: int, *, slots: int) -> int:
            self.takes += count != self._state.held.get(self, 0)
            return await super().hold(count, slots=slots)

        async def set_waiting(self, waiting: bool) -> None:
            self.waits += waiting

        async def look(self) -> Contention:
            self.looks += 1
            return await super().look()

    lml, backend = RequestLog(), Counting()

    async def work() -> None:
        async with open_budget(backend, max_in_flight=4, per_minute=0) as budget:
            await calling_for(10, lml, [budget], at_once=6)

    run_virtually(work())
    assert lml.calls["a"] >= 3_900
    assert backend.takes == 1
    assert backend.looks <= 11
    assert backend.waits == 0


def test_a_newcomer_has_its_share_within_two_seconds() -> None:
    async def work() -> None:
        async with processes(2) as (old, new):
            held = asyncio.create_task(calling_for(10, RequestLog(), [old], at_once=8))
            await asyncio.sleep(5.5)
            lml = RequestLog()
            await calling_for(2, lml, [new], at_once=8, each=0.1)
            assert lml.most_in_flight == 4
            await held

    run_virtually(work())


def test_slots_that_the_others_do_not_want_are_used() -> None:
    lml = RequestLog()

    async def work() -> None:
        async with processes(2) as (modest, busy), modest.admit(None):
            await calling_for(60, lml, [busy], at_once=8)

    run_virtually(work())
    assert lml.most_in_flight == 7
    assert lml.calls["a"] > 0.95 * 7 * 60 / 0.01


def test_an_idle_process_gives_its_places_back_at_once() -> None:
    lml = RequestLog()

    async def work() -> None:
        async with processes(2, in_flight=2) as (idle, busy):
            await asyncio.gather(*(lml.call(idle, "idle", 1) for _ in range(2)))
            await asyncio.sleep(0.1)
            await asyncio.gather(*(lml.call(busy, "busy", 1) for _ in range(2)))

    assert elapsed(work) == pytest.approx(2.1, abs=0.01)


def test_a_long_call_is_not_interrupted_but_its_place_goes_round() -> None:
    lml = RequestLog()

    async def work() -> None:
        async with processes(2, in_flight=1) as budgets:
            await calling_for(2_000, lml, budgets, at_once=2, each=200)

    run_virtually(work())
    assert lml.most_in_flight == 1
    assert abs(lml.calls["a"] - lml.calls["b"]) <= 1


def test_a_caller_who_gives_up_keeps_no_place() -> None:
    lml = RequestLog()

    async def work() -> None:
        async with processes(1, in_flight=1) as (budget,):
            holder = asyncio.create_task(lml.call(budget, "holder", 5))
            await asyncio.sleep(1)
            quitter = asyncio.create_task(lml.call(budget, "quitter", 5))
            await asyncio.sleep(1)
            quitter.cancel()
            await holder
            await lml.call(budget, "next", 1)

    assert elapsed(work) == pytest.approx(6, abs=0.01)
    assert set(lml.calls) == {"holder", "next"}


def test_a_process_whose_callers_give_up_waits_no_longer() -> None:
    state = BudgetState()

    async def work() -> None:
        async with (
            open_budget(InMemoryBudget(state), max_in_flight=1, per_minute=0) as holder,
            open_budget(InMemoryBudget(state), max_in_flight=1, per_minute=0) as quitter,
            holder.admit(None),
        ):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(5), quitter.admit(None):
                    pass
            assert len(state.waiting) == 1
            await asyncio.sleep(0.1)
            assert not state.waiting

    run_virtually(work())


class SoonLost(InMemoryBudget):
    """Is lost at the second look at the other processes."""

    looks = 0

    async def look(self) -> Contention:
        self.looks += 1
        if self.looks == 2:
            raise DatabaseUnavailable("terminating connection")
        return await super().look()


def test_a_lost_database_stops_the_requests_in_flight_and_those_to_come() -> None:
    lml = RequestLog()

    async def work() -> None:
        async with open_budget(SoonLost(), max_in_flight=1, per_minute=0) as budget:
            await asyncio.gather(*(lml.call(budget, "a", 60) for _ in range(3)))

    async def lost() -> None:
        with pytest.raises(DatabaseUnavailable, match="terminating"):
            await work()

    assert elapsed(lost) == pytest.approx(1, abs=0.1)
    assert lml.most_in_flight == 1
    assert lml.in_flight == 0
    assert not lml.calls


def test_an_error_of_the_block_passes_unchanged() -> None:
    class Spoiled(Exception):
        pass

    async def work() -> None:
        async with processes(1) as (budget,), budget.admit(None):
            raise Spoiled

    with pytest.raises(Spoiled):
        run_virtually(work())


def test_a_timeout_of_the_request_itself_stays_one() -> None:
    async def work() -> None:
        async with processes(1) as (budget,):
            with pytest.raises(TimeoutError):
                async with budget.admit(None), asyncio.timeout(1):
                    await asyncio.sleep(2)
            with pytest.raises(TimeoutError, match="of the body"):
                async with budget.admit(None):
                    raise TimeoutError("of the body")

    run_virtually(work())
