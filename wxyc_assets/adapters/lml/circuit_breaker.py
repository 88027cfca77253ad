"""Waiting while LML's circuit breaker towards Discogs is not closed."""

import asyncio
from contextlib import suppress
from typing import assert_never

from wxyc_assets.adapters.lml.client import LmlClient
from wxyc_assets.adapters.lml.errors import CircuitBreakerTimeout, LmlError
from wxyc_assets.adapters.lml.health import BreakerState, Health

CHECK_INTERVAL_SECONDS = 30.0
"""Each check of a closed breaker costs a Discogs request (docs/contracts/lml.md, "GET /health")."""
LEAST_WAIT_SECONDS = 0.01


class CircuitBreakerWatch:
    """LML's circuit breaker as `/health` shows it, checked once for all callers of this process.

    Nobody waits for a breaker that LML does not report, or when the check fails: the call that
    follows shows what is wrong.
    """

    def __init__(self, lml: LmlClient, *, ceiling_seconds: float) -> None:
        self._lml = lml
        self._ceiling_seconds = ceiling_seconds
        self._check_lock = asyncio.Lock()
        self._state: BreakerState | None = None
        self._next_check = float("-inf")
        self._not_closed_since: float | None = None
        self._gave_up: CircuitBreakerTimeout | None = None

    async def wait_until_closed(self) -> None:
        """Return once the breaker is closed; raise CircuitBreakerTimeout at the ceiling."""
        if self._not_closed_since is None and not self._is_check_due:
            return
        async with self._check_lock:
            while (since := await self._check()) is not None:
                await asyncio.sleep(min(self._left_to_wait(since), CHECK_INTERVAL_SECONDS))

    async def health(self) -> Health:
        """Return LML's health for another purpose, and count it as a check; raise LmlError."""
        try:
            health = await self._lml.health()
            self._state = health.breaker
            return health
        finally:
            self._record_check()

    @property
    def _is_check_due(self) -> bool:
        return asyncio.get_running_loop().time() >= self._next_check

    async def _check(self) -> float | None:
        """Return since when the breaker is not closed, on the loop's clock; None if it is."""
        if self._gave_up:
            raise self._gave_up
        if self._is_check_due:
            with suppress(LmlError):  # then the last known state counts
                await self.health()
        return self._not_closed_since

    def _record_check(self) -> None:
        now = asyncio.get_running_loop().time()
        self._next_check = now + CHECK_INTERVAL_SECONDS
        match self._state:
            case None | BreakerState.CLOSED:
                self._not_closed_since = None
            case BreakerState.OPEN | BreakerState.HALF_OPEN | BreakerState.UNRECOGNIZED:
                if self._not_closed_since is None:
                    self._not_closed_since = now
            case _:
                assert_never(self._state)

    def _left_to_wait(self, since: float) -> float:
        waited = asyncio.get_running_loop().time() - since
        left = self._ceiling_seconds - waited
        if left < LEAST_WAIT_SECONDS:
            self._gave_up = CircuitBreakerTimeout(
                f"LML's breaker towards Discogs has been {self._state} for {waited / 60:.0f} "
                "minutes, the longest that we wait. What was done so far is kept; run again "
                "when /health reports it as closed."
            )
            raise self._gave_up
        return left
