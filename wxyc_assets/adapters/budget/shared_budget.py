"""How much of LML all processes over one database may use together.

Requests in flight are slots; the rate is one bucket of tokens, counted in estimated Discogs
requests, because that is what is scarce.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from wxyc_assets.adapters.budget.semaphore import SlotLedger, Slots
from wxyc_assets.adapters.budget.token_bucket import Purse, TokenLedger
from wxyc_assets.adapters.postgres.database import DatabaseError


@dataclass(frozen=True, slots=True)
class Limits:
    """What all processes together may use; `tokens_per_minute` 0 = no limit."""

    max_in_flight: int
    tokens_per_minute: float


class Ledger(SlotLedger, TokenLedger, Protocol):
    """Where the budget is kept: Postgres, or rows in memory on a virtual clock."""


class SharedBudget:
    """Admits requests; use `open_budget`."""

    def __init__(self, slots: Slots, purse: Purse) -> None:
        self._slots = slots
        self._purse = purse

    @asynccontextmanager
    async def admit(self, tokens: float) -> AsyncGenerator[None]:
        """Waits for `tokens`, then for a place in flight.

        Raises DatabaseUnavailable, also in the middle of the request: none goes on without a place.
        """
        await self._purse.pay(tokens)
        async with self._slots.lend():
            yield


@asynccontextmanager
async def open_budget(
    ledger: Ledger, limits: Limits, chance: Callable[[], float] = random.random
) -> AsyncGenerator[SharedBudget]:
    """This process's part of the budget; `chance` (0..1) spreads the tries of those who wait."""
    slots = Slots(ledger, limits.max_in_flight, chance)
    purse = Purse(ledger, limits.tokens_per_minute)
    keeper = asyncio.create_task(slots.keep())
    try:
        yield SharedBudget(slots, purse)
    finally:
        with suppress(DatabaseError):
            await purse.give_back()
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper
