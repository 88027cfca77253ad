"""Tokens that this process has drawn from the shared bucket and not spent yet."""

import asyncio
from typing import Protocol

BLOCK_SECONDS = 4.0
"""What is drawn at once, in seconds of the rate: small calls share a round trip."""


class TokenLedger(Protocol):
    """Where tokens are counted so that all processes see them."""

    async def draw(self, tokens: float, *, per_second: float) -> float:
        """Reserves tokens; returns in how many seconds they may be spent. Negative: gives back.

        They may be spent when everything drawn before them has drained at the rate: over any time
        at most one draw runs ahead of it.
        """
        ...


class Purse:
    """At most so many tokens a minute over all processes; 0 = no limit."""

    def __init__(self, ledger: TokenLedger, per_minute: float) -> None:
        self._ledger = ledger
        self._per_second = per_minute / 60
        self._tokens = 0.0
        self._ready_at = 0.0
        self._turn = asyncio.Lock()

    async def pay(self, tokens: float) -> None:
        """Waits until so many tokens may be spent, and spends them; first come, first served.

        What a cancelled caller had reserved stays in the purse.
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
        """Gives what is left to the others."""
        if self._tokens > 0:
            await self._draw(-self._tokens)

    async def _draw(self, tokens: float) -> None:
        wait = await self._ledger.draw(tokens, per_second=self._per_second)
        self._tokens += tokens
        self._ready_at = asyncio.get_running_loop().time() + wait
