"""The limits on LML that all processes over one database share.

Requests in flight are bounded by slots, the rate by reservations of Discogs requests, because
those are scarce.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from wxyc_assets.adapters.budget.backend import BudgetBackend
from wxyc_assets.adapters.budget.rate_limiter import RateLimiter
from wxyc_assets.adapters.budget.semaphore import Semaphore
from wxyc_assets.domain.prices import Charge, Price


class SharedBudget:
    """Admits requests; use `open_budget`."""

    def __init__(self, backend: BudgetBackend, semaphore: Semaphore, limiter: RateLimiter) -> None:
        self.claim_trial = backend.claim_trial
        self._semaphore = semaphore
        self._limiter = limiter

    @asynccontextmanager
    async def admit(self, price: Price | None) -> AsyncGenerator[Charge]:
        """Wait until the price may be spent, then for a slot; raise DatabaseError.

        What is entered in the charge is paid. A request that is cancelled has cost its price.
        """
        reservation = await self._limiter.reserve(price)
        charge, is_cancelled = Charge(cost=0), False
        try:
            async with self._semaphore.acquire():
                charge.cost = None
                yield charge
        except asyncio.CancelledError:
            is_cancelled = charge.cost is None
            raise
        finally:
            if not is_cancelled:
                await self._limiter.settle(reservation, charge.cost)


@asynccontextmanager
async def open_budget(
    backend: BudgetBackend, *, max_in_flight: int, per_minute: float
) -> AsyncGenerator[SharedBudget]:
    """Open this process's part of the limits for all processes; `per_minute` 0 = no limit.

    A lost backend cancels the block and raises DatabaseError: no request may go on without a slot.
    """
    semaphore = Semaphore(backend, max_in_flight)
    limiter = RateLimiter(backend, per_minute)
    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(each.run()) for each in (semaphore, limiter)]
            yield SharedBudget(backend, semaphore, limiter)
            await limiter.give_back()
            for task in running:
                task.cancel()
    except BaseExceptionGroup as errors:
        first, *others = errors.exceptions
        if others:
            raise
        raise first from first.__cause__
