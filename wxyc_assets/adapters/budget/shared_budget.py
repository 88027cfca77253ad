"""The limits on LML that all processes over one database share.

Requests in flight are bounded by slots, the rate by tokens: estimated Discogs requests, because
those are scarce.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from wxyc_assets.adapters.budget.backend import BudgetBackend
from wxyc_assets.adapters.budget.semaphore import Semaphore
from wxyc_assets.adapters.budget.token_bucket import TokenBucket


class SharedBudget:
    """Admits requests; use `open_budget`."""

    def __init__(self, backend: BudgetBackend, semaphore: Semaphore, bucket: TokenBucket) -> None:
        self.claim_trial = backend.claim_trial
        self._semaphore = semaphore
        self._bucket = bucket

    @asynccontextmanager
    async def admit(self, tokens: float) -> AsyncGenerator[None]:
        """Wait for `tokens`, then for a slot; raise DatabaseError."""
        await self._bucket.acquire(tokens)
        async with self._semaphore.acquire():
            yield


@asynccontextmanager
async def open_budget(
    backend: BudgetBackend, *, max_in_flight: int, per_minute: float
) -> AsyncGenerator[SharedBudget]:
    """Open this process's part of the limits for all processes; `per_minute` 0 = no limit.

    A lost backend cancels the block and raises DatabaseError: no request may go on without a slot.
    """
    semaphore = Semaphore(backend, max_in_flight)
    bucket = TokenBucket(backend, per_minute)
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(semaphore.run())
            yield SharedBudget(backend, semaphore, bucket)
            await bucket.give_back()
            running.cancel()
    except BaseExceptionGroup as errors:
        first, *others = errors.exceptions
        if others:
            raise
        raise first from first.__cause__
