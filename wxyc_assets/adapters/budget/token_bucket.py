"""Tokens that this process has drawn from the shared bucket and not spent yet."""

import asyncio

from wxyc_assets.adapters.budget.backend import BudgetBackend

BLOCK_SECONDS = 4.0
"""The size of one draw, in seconds of the rate: small calls share a round trip."""


class TokenBucket:
    """At most so many tokens a minute over all processes; 0 = no limit."""

    def __init__(self, backend: BudgetBackend, per_minute: float) -> None:
        self._backend = backend
        self._per_second = per_minute / 60
        self._tokens = 0.0
        self._ready_at = 0.0
        self._turn = asyncio.Lock()

    async def acquire(self, tokens: float) -> None:
        """Wait until so many tokens may be spent, and spend them; first come, first served.

        What a cancelled caller had reserved stays in the bucket.
        """
        if not self._per_second or tokens <= 0:
            return
        async with self._turn:
            if self._tokens < tokens:
                await self._draw(max(tokens - self._tokens, BLOCK_SECONDS * self._per_second))
            now = asyncio.get_running_loop().time()
            await asyncio.sleep(max(0.0, self._ready_at - now))
            self._tokens -= tokens

    async def give_back(self) -> None:
        """Return what is left to the other processes."""
        if self._tokens > 0:
            await self._draw(-self._tokens)

    async def _draw(self, tokens: float) -> None:
        wait = await self._backend.draw(tokens, per_second=self._per_second)
        self._tokens += tokens
        self._ready_at = asyncio.get_running_loop().time() + wait
