"""Retries of calls to LML: with backoff, honouring Retry-After, and not forever when it is down."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import stamina

from wxyc_assets.adapters.lml.client import LmlClient
from wxyc_assets.adapters.lml.errors import (
    CircuitBreakerTimeout,
    LiveActivityTimeout,
    LmlContractBroken,
    LmlError,
    LmlRefused,
    LmlRejectedBatch,
    LmlUnavailable,
    LmlUnreachable,
)

FAILED_IN_A_ROW = 3
LONGEST_RETRY_AFTER_SECONDS = 300.0

T = TypeVar("T")
GiveWay = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Number of attempts, and the waits between them (seconds, doubling, plus jitter)."""

    attempts: int = 4
    first_wait: float = 0.5
    longest_wait: float = 30.0
    jitter: float = 1.0


class RetryingCaller:
    """Calls LML for one run until LML is down or refuses us; `stopped` then holds the error.

    Each attempt first awaits `give_way`, which raises an LmlError to stop the run.
    """

    def __init__(self, retry_policy: RetryPolicy, give_way: GiveWay | None = None) -> None:
        self._retry_policy = retry_policy
        self._give_way = give_way
        self._failed_in_a_row = 0
        self.answers = 0
        self.stopped: LmlError | None = None

    async def once(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make one attempt; raise what the call raises."""
        if self._give_way:
            await self._give_way()
        result = await call()
        self.answers += 1
        return result

    async def answers_about(self, control: Callable[[], Awaitable[object]]) -> bool:
        """Return True if LML answers a question that it can answer."""
        try:
            await self.once(control)
        except LmlError:
            return False
        return True

    async def with_retries(self, call: Callable[[], Awaitable[T]]) -> T:
        """Retry until LML answers or the attempts are used up; raise the last error."""
        try:
            return await self.once(call)
        except LmlError as error:
            first = error
        return await self._retry(first, call)

    async def _retry(self, first: LmlError, call: Callable[[], Awaitable[T]]) -> T:
        """Retry from the error of the first attempt on.

        That one is made without stamina, whose share of a lookup's CPU time was a twentieth.
        """
        policy = self._retry_policy
        async for attempt in stamina.retry_context(
            on=self._wait_before_next,
            attempts=policy.attempts,
            timeout=None,
            wait_initial=policy.first_wait,
            wait_max=policy.longest_wait,
            wait_jitter=policy.jitter,
        ):
            with attempt:
                if attempt.num == 1:
                    raise first
                return await self.once(call)
        raise AssertionError("stamina raises the last error")

    def consider_stopping(self, error: LmlError | None) -> None:
        """Record how one question ended; `error` is why it has no answer."""
        self._failed_in_a_row = self._failed_in_a_row + 1 if error else 0
        if error is None:
            return
        is_refusal = isinstance(error, LmlRefused) and not isinstance(
            error, LmlContractBroken | LmlRejectedBatch
        )
        is_final = is_refusal or isinstance(error, CircuitBreakerTimeout | LiveActivityTimeout)
        never_reached = isinstance(error, LmlUnreachable) and not self.answers
        if is_final or never_reached or self._failed_in_a_row >= FAILED_IN_A_ROW:
            self.stopped = self.stopped or error

    def _wait_before_next(self, error: Exception) -> bool | float:
        if not isinstance(error, LmlUnavailable) or self.stopped:
            return False
        if isinstance(error, LmlUnreachable) and not self.answers:
            return False
        if error.retry_after is not None:
            return min(error.retry_after, LONGEST_RETRY_AFTER_SECONDS)
        return True


DOUBTFUL_STATUSES = frozenset({None, 502, 503, 504})
"""None: the connection was closed, or no whole answer came in time."""

AT_WORK = ("healthy", "degraded")


def is_doubtful(error: LmlError) -> bool:
    """True for the errors that a record may cause, and an LML that is slow or down far more often.

    Not for one that names a time to come back.
    """
    return (
        isinstance(error, LmlUnavailable)
        and not isinstance(error, LmlUnreachable)
        and error.status in DOUBTFUL_STATUSES
        and error.retry_after is None
    )


async def seems_well(lml: LmlClient) -> bool:
    """Return True if LML says that it is at work, if only with some of its sources."""
    try:
        health = await lml.health()
    except LmlError:
        return False
    return health.status in AT_WORK


def may_be_about_a_record(error: LmlError) -> bool:
    """True for the errors that a poison record causes.

    It is a 422, or a 500 for its whole batch on every attempt (docs/contracts/lml.md,
    "POST /api/v1/identity/bulk-resolve-libraries").
    """
    return isinstance(error, LmlRejectedBatch) or (
        isinstance(error, LmlUnavailable) and error.status == 500
    )
