"""Waiting while LML's breaker towards Discogs is not closed."""

import asyncio
from contextlib import suppress

from wxyc_assets.adapters.lml.client import LmlClient, LmlError
from wxyc_assets.adapters.lml.lookup import Health

ASK_EVERY_SECONDS = 30.0
"""With a closed breaker each look costs LML a Discogs request (LML's contract)."""
SOON_SECONDS = 0.01


class CircuitBreakerTimeout(LmlError):
    """LML's breaker did not close for as long as we were ready to wait."""


class CircuitBreakerWatch:
    """LML's breaker as `/health` shows it, looked at by all callers of this process together.

    A breaker that LML does not report holds nobody up, nor does a look that fails: the call that
    follows will tell.
    """

    def __init__(self, lml: LmlClient, *, ceiling_seconds: float) -> None:
        self._lml = lml
        self._ceiling_seconds = ceiling_seconds
        self._turn = asyncio.Lock()
        self._state: str | None = None
        self._next_look = float("-inf")
        self._not_closed_since: float | None = None
        self._gave_up: CircuitBreakerTimeout | None = None

    async def wait_until_closed(self) -> None:
        """Returns at once while the breaker is closed; raises BreakerStaysOpen at the ceiling."""
        if self._not_closed_since is None and not self._is_time_to_look:
            return
        async with self._turn:
            while (since := await self._not_closed()) is not None:
                await asyncio.sleep(min(self._left_to_wait(since), ASK_EVERY_SECONDS))

    async def health(self) -> Health:
        """A look of somebody else's, which counts as one of ours; raises LmlError."""
        try:
            health = await self._lml.health()
            self._state = health.breaker
            return health
        finally:
            self._take_note()

    @property
    def _is_time_to_look(self) -> bool:
        return asyncio.get_running_loop().time() >= self._next_look

    async def _not_closed(self) -> float | None:
        """Since when, on the loop's clock."""
        if self._gave_up:
            raise self._gave_up
        if self._is_time_to_look:
            with suppress(LmlError):  # then we go by what we knew
                await self.health()
        return self._not_closed_since

    def _take_note(self) -> None:
        now = asyncio.get_running_loop().time()
        self._next_look = now + ASK_EVERY_SECONDS
        if self._state in {None, "closed"}:
            self._not_closed_since = None
        elif self._not_closed_since is None:
            self._not_closed_since = now

    def _left_to_wait(self, since: float) -> float:
        waited = asyncio.get_running_loop().time() - since
        left = self._ceiling_seconds - waited
        if left < SOON_SECONDS:
            self._gave_up = CircuitBreakerTimeout(
                f"LML's breaker towards Discogs has been {self._state} for {waited / 60:.0f} "
                "minutes, which is as long as we wait. What was done until now is kept; run again "
                "when /health says closed."
            )
            raise self._gave_up
        return left
