"""An in-process limit of requests in flight, for tests that are not about the shared budget."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from wxyc_assets.domain.prices import Charge, Price


class InFlight:
    """A budget that limits requests in flight only; prices are not asked for."""

    def __init__(self, most: int) -> None:
        self._semaphore = asyncio.Semaphore(most)

    @asynccontextmanager
    async def admit(self, price: Price | None) -> AsyncGenerator[Charge]:
        """Wait for a permit."""
        async with self._semaphore:
            yield Charge()

    async def claim_trial(self, seconds: float) -> bool:
        """Grant it: there is no other process."""
        return True
