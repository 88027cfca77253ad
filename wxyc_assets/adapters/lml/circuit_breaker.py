"""Waiting while LML's circuit breaker towards Discogs is not closed.

The breaker leaves `open` only inside a request that wants Discogs, so whoever waits for `closed`
and sends nothing waits for ever when alone (docs/contracts/lml.md, "The circuit breaker").
`/health` counts such requests. Three processes of LML answer it in turn, each with a count of its
own, from 0 at its start; so two readings cannot be compared, but a number that was read before
shows that one process has not counted since. The requests stand still while no reading brings a
new number. After the cool-down one of our processes makes its next call as a trial, and all go on
from its result. A breaker that was restarted, or others that try, only make us wait longer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar, assert_never

from wxyc_assets.adapters.lml.client import LmlClient
from wxyc_assets.adapters.lml.errors import CircuitBreakerTimeout, LmlError
from wxyc_assets.adapters.lml.health import BreakerState, Health

CHECK_INTERVAL_SECONDS = 30.0
"""Each check of a closed breaker costs a Discogs request (docs/contracts/lml.md, "GET /health")."""
COOLDOWN_SECONDS = 60.0
"""How long nobody must have tried before we do. LML's own cool-down is not published: a trial that
comes too early is shed, and the next one waits as long again."""
LEAST_WAIT_SECONDS = 0.01

T = TypeVar("T")


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
        self._counts: set[int | None] = set()
        """Live requests that `/health` has reported since the breaker is not closed."""
        self._still_since = float("-inf")
        self._trial_until = float("-inf")
        self._gave_up: CircuitBreakerTimeout | None = None

    async def call(
        self, make: Callable[[], Awaitable[T]], is_live: Callable[[T], bool | None]
    ) -> T:
        """Make a call of LML once the breaker is closed, or as the one trial.

        `is_live` is True for a result that Discogs contributed to, False for one that it should
        have contributed to, None for one from LML's cache. Raises CircuitBreakerTimeout at the
        ceiling, and what the call raises.
        """
        if self._not_closed_since is None and not self._is_check_due:
            return await make()
        async with self._check_lock:
            while (since := await self._check()) is not None:
                if await self._is_trial_ours():
                    return await self._try(make, is_live)
                await asyncio.sleep(min(self._left_to_wait(since), CHECK_INTERVAL_SECONDS))
        return await make()

    async def health(self) -> Health:
        """Return LML's health for another purpose, and count it as a check; raise LmlError."""
        health = None
        try:
            health = await self._lml.health()
            return health
        finally:
            self._record(health)

    @property
    def _is_check_due(self) -> bool:
        return _now() >= self._next_check

    async def _check(self) -> float | None:
        """Return since when the breaker is not closed, on the loop's clock; None if it is."""
        if self._gave_up:
            raise self._gave_up
        if self._is_check_due:
            try:
                await self.health()
            except LmlError:
                return None
        return self._not_closed_since

    def _record(self, health: Health | None) -> None:
        self._state = health.breaker if health else None
        self._next_check = _now() + CHECK_INTERVAL_SECONDS
        match self._state:
            case None | BreakerState.CLOSED:
                self._not_closed_since = None
                self._counts.clear()
            case BreakerState.OPEN | BreakerState.HALF_OPEN | BreakerState.UNRECOGNIZED:
                if self._not_closed_since is None:
                    self._not_closed_since = _now()
                count = health.live_requests if health else None
                if count not in self._counts:
                    self._counts.add(count)
                    self._still_since = _now()
            case _:
                assert_never(self._state)

    async def _is_trial_ours(self) -> bool:
        """Return True if our next call is the trial, or follows one that LML's cache answered."""
        if _now() < self._trial_until:
            return True
        if _now() - self._still_since < COOLDOWN_SECONDS:
            return False
        if not await self._lml.claim_trial(COOLDOWN_SECONDS):
            return False
        self._trial_until = _now() + COOLDOWN_SECONDS
        return True

    async def _try(
        self, make: Callable[[], Awaitable[T]], is_live: Callable[[T], bool | None]
    ) -> T:
        verdict: bool | None = False
        try:
            result = await make()
            verdict = is_live(result)
            return result
        finally:
            if verdict:
                self._not_closed_since = None
                self._counts.clear()
                self._next_check = _now() + CHECK_INTERVAL_SECONDS
            elif verdict is False:
                self._trial_until = float("-inf")
                self._still_since = _now()

    def _left_to_wait(self, since: float) -> float:
        waited = _now() - since
        left = self._ceiling_seconds - waited
        if left < LEAST_WAIT_SECONDS:
            self._gave_up = CircuitBreakerTimeout(
                f"LML's breaker towards Discogs has been {self._state} for {waited / 60:.0f} "
                "minutes, the longest that we wait. What was done so far is kept; run again "
                "when /health reports it as closed."
            )
            raise self._gave_up
        return left


def _now() -> float:
    return asyncio.get_running_loop().time()
