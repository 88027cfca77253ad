"""A budget of one process, for tests that are not about the budget."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class InFlight:
    """At most so many requests in flight; tokens cost nothing."""

    def __init__(self, most: int) -> None:
        self._places = asyncio.Semaphore(most)

    @asynccontextmanager
    async def admit(self, tokens: float) -> AsyncGenerator[None]:
        """Waits for a place."""
        async with self._places:
            yield
