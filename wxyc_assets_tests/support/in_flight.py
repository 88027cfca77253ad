"""A budget of one process, for tests that are not about the budget."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class InFlight:
    """At most `most` requests in flight, and no limit of tokens."""

    def __init__(self, most: int) -> None:
        self._slots = asyncio.Semaphore(most)

    @asynccontextmanager
    async def admit(self, tokens: float) -> AsyncGenerator[None]:
        """Wait for a slot."""
        async with self._slots:
            yield
