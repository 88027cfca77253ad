"""Slots of the shared budget that this process holds, handed to its requests."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from wxyc_assets.adapters.budget.backend import BudgetBackend
from wxyc_assets.domain.contention import TURN_SECONDS

TICK_SECONDS = 0.04
"""Between two attempts to take a slot. One that is unused for this long goes back: longer than the
pause between two calls of a busy caller."""


class Semaphore:
    """At most `limit` requests in flight over all processes; `run` must run beside them."""

    def __init__(self, backend: BudgetBackend, limit: int) -> None:
        self._backend = backend
        self._limit = self._share = limit
        self._held = 0
        self._owed = 0
        """Slots to give back as soon as a request ends: those beyond the share at some look."""
        self._free = asyncio.Semaphore(0)
        self._callers = self._most_callers = 0
        """Requests that have or wait for a slot: now, and at most since the last tick."""
        self._next_look = 0.0
        self._wakeup = asyncio.Event()
        self._now = asyncio.get_running_loop().time

    @asynccontextmanager
    async def acquire(self) -> AsyncGenerator[None]:
        """Hold a slot for one request; first come, first served."""
        self._callers += 1
        self._most_callers = max(self._most_callers, self._callers)
        if self._held < min(self._callers, self._share):
            self._wakeup.set()
        try:
            await self._free.acquire()
            try:
                yield
            finally:
                self._release()
        finally:
            self._callers -= 1
            if self._callers < self._held:
                self._wakeup.set()

    async def run(self) -> None:
        """Take, share and give back slots, until cancelled; raise DatabaseError when it is lost."""
        while True:
            while self._held > self._most_callers:
                await self._free.acquire()
                self._held -= 1
            self._most_callers = self._callers
            if (self._held or self._callers) and self._now() >= self._next_look:
                await self._look()
            await self._take()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._wakeup.wait()
            self._wakeup.clear()

    def _pause(self) -> float | None:
        if self._held == self._callers == 0:
            return None
        is_settled = self._held == min(self._callers, self._limit)
        return max(TICK_SECONDS, self._next_look - self._now() if is_settled else 0)

    def _release(self) -> None:
        if not self._owed:
            self._free.release()
            return
        self._owed -= 1
        self._held -= 1
        self._share = min(self._share, self._held)  # for a whole turn: the others take it
        self._next_look = self._now() + TURN_SECONDS
        self._wakeup.set()

    async def _look(self) -> None:
        contention = await self._backend.look()
        self._share = contention.share(self._limit)
        self._owed = min(max(self._owed, self._held - self._share), self._held)
        self._next_look = self._now() + TURN_SECONDS - contention.clock % TURN_SECONDS

    async def _take(self) -> None:
        held = self._held
        wanted = max(held, min(self._callers, self._share))
        for _ in range(await self._backend.hold(wanted, slots=self._limit) - held):
            self._held += 1
            self._free.release()
        await self._backend.set_waiting(self._held < min(self._callers, self._limit))
