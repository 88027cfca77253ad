"""Refreshing LML's cache for identities, in small batches."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from wxyc_assets.adapters.lml.circuit_breaker import CircuitBreakerWatch
from wxyc_assets.adapters.lml.client import LmlClient, RefreshResult
from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.adapters.lml.retry import GiveWay, RetryingCaller, RetryPolicy
from wxyc_assets.domain.batches import batched
from wxyc_assets.domain.refreshes import MAX_BATCH, RefreshStatus, RefreshTally, tally
from wxyc_assets.flows.rotation.report import RotationReport
from wxyc_assets.flows.worker_pool import WorkerPool

ROUNDS = 2
"""The second is for identities whose sources all failed in the first."""

Batch = Sequence[int]


class BatchTooLarge(ValueError):
    """More identities per call than LML takes, or none."""


@dataclass(frozen=True, slots=True)
class RefreshPlan:
    """The size of a refresh; a dry run makes no call."""

    identities: int
    batches: int
    calls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshOptions:
    """The options of a refresh; raises BatchTooLarge for a batch size that LML would refuse."""

    batch_size: int
    max_in_flight: int
    pause_seconds: float
    """Before the second round."""
    retry_policy: RetryPolicy
    breaker_ceiling_seconds: float
    """The longest wait for LML's circuit breaker to close."""

    def __post_init__(self) -> None:
        check_batch_size(self.batch_size)


class CacheRefresh:
    """Refreshes batch by batch; each call awaits `give_way` first.

    `on_drift` is called once for each kind of drift, `on_batch` after each batch with its number
    and its tally.
    """

    def __init__(
        self,
        lml: LmlClient,
        options: RefreshOptions,
        *,
        on_drift: Callable[[str], None],
        on_batch: Callable[[int, RefreshTally], None],
        give_way: GiveWay | None = None,
    ) -> None:
        self._lml = lml
        self._options = options
        self._on_drift = on_drift
        self._on_batch = on_batch
        self._breaker = CircuitBreakerWatch(lml, ceiling_seconds=options.breaker_ceiling_seconds)
        self._caller = RetryingCaller(options.retry_policy, give_way)
        self._pool = WorkerPool(workers=options.max_in_flight, queue_size=1)
        self.report = RotationReport()

    async def run(self, identity_ids: Iterable[int]) -> RotationReport:
        """Refresh each identity once, in ascending order, and those in error once more."""
        await self._refresh_all(sorted(set(identity_ids)))
        for _ in range(1, ROUNDS):
            again = self._in_error()
            if again and not self._caller.stopped:
                await asyncio.sleep(self._options.pause_seconds)
                await self._refresh_all(again)
        return self.report

    def _in_error(self) -> list[int]:
        results = self.report.results.items()
        return [identity for identity, each in results if each.status is RefreshStatus.ERROR]

    async def _refresh_all(self, identity_ids: Sequence[int]) -> None:
        async with self._pool.running():
            for batch in batched(identity_ids, self._options.batch_size):
                await self._pool.submit(partial(self._refresh, batch))

    async def _refresh(self, batch: Batch) -> None:
        self.report.batches += 1
        number = self.report.batches
        error = self._caller.stopped or await self._call_with_retries(batch)
        if error:
            self.report.failed.update(dict.fromkeys(batch, error))
        self._caller.consider_stopping(error)
        self.report.stopped = self._caller.stopped
        self._on_batch(number, self._tally(batch, error))

    def _tally(self, batch: Batch, error: LmlError | None) -> RefreshTally:
        results = {} if error else self.report.results
        known = {each: results[each] for each in batch if each in results}
        return tally(known, batch)

    async def _call_with_retries(self, batch: Batch) -> LmlError | None:
        try:
            await self._caller.with_retries(partial(self._call, batch))
        except LmlError as error:
            return error
        return None

    async def _call(self, batch: Batch) -> None:
        answer = await self._breaker.call(partial(self._refresh_now, batch), _is_live)
        self.report.latencies_ms.append(answer.latency_ms)
        self.report.results.update(answer.results)
        for drift in filter(None, (each.said for each in answer.results.values())):
            if drift not in self.report.drift:
                self._on_drift(f"LML's answers to a refresh have drifted: {drift}")
            self.report.drift[drift] += 1

    async def _refresh_now(self, batch: Batch) -> RefreshResult:
        self.report.calls += 1
        return await self._lml.refresh(batch)


def plan_refresh(identity_ids: Iterable[int], batch_size: int) -> RefreshPlan:
    """Return the size of a refresh of these identities; raises BatchTooLarge."""
    check_batch_size(batch_size)
    distinct = sorted(set(identity_ids))
    return RefreshPlan(len(distinct), len(list(batched(distinct, batch_size))))


def _is_live(answer: RefreshResult) -> bool:
    return answer.is_live


def check_batch_size(batch_size: int) -> None:
    """Raise BatchTooLarge for a size that LML would refuse."""
    if not 1 <= batch_size <= MAX_BATCH:
        raise BatchTooLarge(
            f"REFRESH_BATCH_SIZE={batch_size} is not allowed: a refresh takes 1 to {MAX_BATCH} "
            "identities, because a cold one costs LML about four Discogs requests and the edge "
            "closes a request after five minutes."
        )
