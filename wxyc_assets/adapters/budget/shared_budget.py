"""The limits on LML that all processes over one database share.

Requests in flight are bounded by slots, the rate by tokens: estimated Discogs requests, because
those are scarce.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from wxyc_assets.adapters.budget.backend import BudgetBackend
from wxyc_assets.adapters.budget.semaphore import Semaphore
from wxyc_assets.adapters.budget.token_bucket import TokenBucket
from wxyc_assets.adapters.postgres.errors import DatabaseError


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits for all processes together; `tokens_per_minute` 0 = no limit."""

    max_in_flight: int
    tokens_per_minute: float


class SharedBudget:
    """Admits requests; use `open_budget`."""

    def __init__(self, semaphore: Semaphore, bucket: TokenBucket) -> None:
        self._semaphore = semaphore
        self._bucket = bucket

    @asynccontextmanager
    async def admit(self, tokens: float) -> AsyncGenerator[None]:
        """Wait for `tokens`, then for a slot.

        Raises DatabaseUnavailable, also in the middle of the request: none goes on without a slot.
        """
        await self._bucket.acquire(tokens)
        async with self._semaphore.acquire():
            yield


@asynccontextmanager
async def open_budget(backend: BudgetBackend, limits: Limits) -> AsyncGenerator[SharedBudget]:
    """Open this process's part of the budget."""
    semaphore = Semaphore(backend, limits.max_in_flight)
    bucket = TokenBucket(backend, limits.tokens_per_minute)
    running = asyncio.create_task(semaphore.run())
    try:
        yield SharedBudget(semaphore, bucket)
    finally:
        with suppress(DatabaseError):
            await bucket.give_back()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
