"""Slots of the shared budget that this process holds, handed to its requests."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from wxyc_assets.adapters.budget.backend import BudgetBackend
from wxyc_assets.adapters.postgres.errors import DatabaseError, DatabaseUnavailable
from wxyc_assets.domain.contention import UNCONTENDED

TICK_SECONDS = 0.04
"""A slot unused for this long goes back: longer than the pause between two calls of a busy caller.
A process that waits looks at the others every tick, or every fifth if it holds slots."""
SLICE_SECONDS = 1.0
"""The length of a turn, and the time between two looks of a process that does not wait."""


class Semaphore:
    """At most `limit` requests in flight over all processes; `run` must run beside them."""

    def __init__(self, backend: BudgetBackend, limit: int) -> None:
        self._backend = backend
        self._limit = limit
        self._held = 0
        self._share = limit
        """The number of slots this process may hold, by its last look or last attempt to take."""
        self._free = asyncio.Semaphore(0)
        self._callers = self._most_callers = 0
        """Requests that have or wait for a slot: now, and at most since the last tick."""
        self._contention = UNCONTENDED
        self._next_look = self._next_turn = 0.0
        """The end of our turn with a left-over slot or, out of turn, the start of the next."""
        self._wakeup = asyncio.Event()
        self._deadlines: set[asyncio.Timeout] = set()
        self._lost: DatabaseError | None = None

    @asynccontextmanager
    async def acquire(self) -> AsyncGenerator[None]:
        """Hold a slot for one request, which is stopped when the slot is lost.

        First come, first served. Raises DatabaseUnavailable.
        """
        if self._lost:
            raise self._unavailable() from self._lost
        deadline = asyncio.timeout(None)
        self._deadlines.add(deadline)
        self._add_caller()
        try:
            async with deadline:
                await self._free.acquire()
                try:
                    yield
                finally:
                    self._release()
        except TimeoutError:
            if deadline.expired():
                raise self._unavailable() from self._lost
            raise
        finally:
            self._callers -= 1
            self._deadlines.remove(deadline)

    async def run(self) -> None:
        """Take, share and give back slots, until cancelled or the backend is lost."""
        lost: DatabaseError = DatabaseUnavailable("the budget is closed")
        try:
            while True:
                await self._tick()
                await self._sleep()
        except DatabaseError as error:
            lost = error
        finally:
            self._lost = lost
            for deadline in self._deadlines:
                deadline.reschedule(_now())

    def _add_caller(self) -> None:
        self._callers += 1
        self._most_callers = max(self._most_callers, self._callers)
        if self._held < min(self._callers, self._share):
            self._wakeup.set()

    def _release(self) -> None:
        if self._held <= self._share:
            self._free.release()
        else:
            self._held -= 1
            self._next_turn = _now() + self._contention.turns_out(self._limit) * SLICE_SECONDS
            self._wakeup.set()

    async def _sleep(self) -> None:
        is_busy = self._held or self._callers or self._share < self._limit
        with suppress(TimeoutError):
            async with asyncio.timeout(TICK_SECONDS if is_busy else None):
                await self._wakeup.wait()
        self._wakeup.clear()

    async def _tick(self) -> None:
        await self._withdraw(self._held - self._most_callers)
        self._most_callers = self._callers
        if _now() >= self._next_look and (self._held or self._share < self._limit):
            await self._look()
        await self._backend.keep(self._held)
        await self._take()
        is_short = self._share <= self._held < min(self._callers, self._limit)
        await self._backend.set_waiting(is_short)
        if is_short:
            until_look = TICK_SECONDS * (5 if self._held else 1)
            self._next_look = min(self._next_look, _now() + until_look)

    async def _look(self) -> None:
        self._contention = await self._backend.contention()
        fair_share = self._contention.fair_share(self._limit)
        is_our_turn = (self._held > fair_share) == (_now() < self._next_turn)
        by_turns = self._contention.slots_in_turn(self._limit) > 0
        self._share = fair_share + (1 if by_turns and is_our_turn else 0)
        self._next_look = _now() + SLICE_SECONDS
        await self._withdraw(self._held - max(self._share, self._callers))

    async def _take(self) -> None:
        wanted = min(self._callers, self._share) - self._held
        if wanted <= 0:
            return
        taken = await self._backend.take(wanted, slots=self._limit)
        slice_end = _now() + SLICE_SECONDS
        if not self._held:
            self._next_look = slice_end
        self._held += taken
        if self._held > self._contention.fair_share(self._limit):
            self._next_turn = slice_end
        if taken < wanted:
            self._share = self._held
        for _ in range(taken):
            self._free.release()

    async def _withdraw(self, unused: int) -> None:
        for _ in range(unused):
            await self._free.acquire()
            self._held -= 1

    def _unavailable(self) -> DatabaseUnavailable:
        return DatabaseUnavailable(
            f"No request towards LML without the shared budget: {self._lost}"
        )


def _now() -> float:
    return asyncio.get_running_loop().time()
