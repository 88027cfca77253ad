"""Refreshing LML's cache for identities, in small batches that flood nobody."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from wxyc_assets.adapters.lml.circuit_breaker import CircuitBreakerWatch
from wxyc_assets.adapters.lml.client import LmlClient
from wxyc_assets.adapters.lml.errors import CircuitBreakerTimeout, LmlError
from wxyc_assets.adapters.lml.retry import RetryingCaller, RetryPolicy
from wxyc_assets.adapters.postgres.rotation_store import RefreshRun, RotationStore
from wxyc_assets.domain.batches import batched
from wxyc_assets.domain.refreshes import MAX_BATCH, Refreshed, RefreshStatus, RefreshTally, tally

ROUNDS = 2
"""The second is for identities whose sources all failed in the first."""

Batch = Sequence[int]


class BatchTooLarge(ValueError):
    """More identities a call than LML takes, or none."""


@dataclass(frozen=True, slots=True)
class RefreshPlan:
    """What a refresh would do; a dry run makes no call."""

    identities: int
    batches: int
    calls: int = 0


@dataclass(slots=True)
class RotationReport:
    """What became of a refresh, complete at any moment."""

    results: dict[int, Refreshed] = field(default_factory=dict[int, Refreshed])
    failed: dict[int, LmlError] = field(default_factory=dict[int, LmlError])
    """Identities whose last call failed, and why."""
    drift: Counter[str] = field(default_factory=Counter[str])
    latencies_ms: list[float] = field(default_factory=list[float])
    batches: int = 0
    calls: int = 0
    stopped: LmlError | None = None

    @property
    def tally(self) -> RefreshTally:
        return tally(self.results, self.failed)

    @property
    def failure(self) -> str | None:
        """Why the run is red: calls that failed for good, and how many identities they held."""
        if not self.failed:
            return None
        why = self.stopped or next(reversed(self.failed.values()))
        stopped = "LML stopped us" if self.stopped else "Some calls failed for good"
        return f"{stopped}; {len(self.failed)} identities are not refreshed: {why}"


class RotationPipeline:
    """Refreshes batch by batch; `warn` hears of each kind of drift once.

    Raises BatchTooLarge when made with a batch size that LML would refuse.
    """

    def __init__(
        self,
        lml: LmlClient,
        breaker: CircuitBreakerWatch,
        patience: RetryPolicy,
        *,
        batch_size: int,
        max_in_flight: int,
        pause_seconds: float,
        warn: Callable[[str], None],
    ) -> None:
        self._lml = lml
        self._breaker = breaker
        self._trier = RetryingCaller(patience)
        self._pause_seconds = pause_seconds
        self.batch_size = checked(batch_size)
        self._max_in_flight = max_in_flight
        self._warn = warn
        self.report = RotationReport()

    async def refresh(self, identity_ids: Iterable[int]) -> RotationReport:
        """Refreshes each identity once, in ascending order, and those in error once more.

        Raises DatabaseError; `report` then says what became of everything until there.
        """
        await self._refresh_all(sorted(set(identity_ids)))
        for _ in range(1, ROUNDS):
            again = self._in_error()
            if again and not self._trier.stopped:
                await asyncio.sleep(self._pause_seconds)
                await self._refresh_all(again)
        return self.report

    def _in_error(self) -> list[int]:
        results = self.report.results.items()
        return [identity for identity, each in results if each.status is RefreshStatus.ERROR]

    async def _refresh_all(self, identity_ids: Sequence[int]) -> None:
        queue = iter(batches(identity_ids, self.batch_size))
        async with asyncio.TaskGroup() as group:
            for _ in range(self._max_in_flight):
                group.create_task(self._work(queue))

    async def _work(self, queue: Iterator[Batch]) -> None:
        for batch in queue:
            self.report.batches += 1
            error = self._trier.stopped or await self._refresh_batch(batch)
            if error:
                self.report.failed.update(dict.fromkeys(batch, error))
            self._trier.consider_stopping(error)
            if isinstance(error, CircuitBreakerTimeout):
                self._trier.stopped = error
            self.report.stopped = self._trier.stopped

    async def _refresh_batch(self, batch: Batch) -> LmlError | None:
        """Why it failed for good, if it did."""
        try:
            await self._trier.with_retries(partial(self._call, batch))
        except LmlError as error:
            return error
        return None

    async def _call(self, batch: Batch) -> None:
        await self._breaker.wait_until_closed()
        self.report.calls += 1
        answer = await self._lml.refresh(batch)
        self.report.latencies_ms.append(answer.latency_ms)
        self.report.results.update(answer.results)
        for said in filter(None, (each.said for each in answer.results.values())):
            if said not in self.report.drift:
                self._warn(f"LML's answers to a refresh have drifted: {said}")
            self.report.drift[said] += 1


def plan(identity_ids: Iterable[int], batch_size: int) -> RefreshPlan:
    """What a refresh of these identities would do; calls nothing. Raises BatchTooLarge."""
    distinct = sorted(set(identity_ids))
    return RefreshPlan(len(distinct), len(batches(distinct, batch_size)))


def batches(identity_ids: Sequence[int], batch_size: int) -> list[Batch]:
    """Batches in the given order; raises BatchTooLarge."""
    return list(batched(identity_ids, checked(batch_size)))


def checked(batch_size: int) -> int:
    """The size, unless LML would refuse it: raises BatchTooLarge."""
    if not 1 <= batch_size <= MAX_BATCH:
        raise BatchTooLarge(
            f"REFRESH_BATCH_SIZE={batch_size} is not allowed: a refresh takes 1 to {MAX_BATCH} "
            "identities, because a cold one costs LML about four Discogs requests and the edge "
            "closes a request after five minutes."
        )
    return batch_size


async def refresh_on_record(
    refresher: RotationPipeline, rotation: RotationStore, identity_ids: Iterable[int], run_id: str
) -> RotationReport:
    """Refreshes, and keeps one row about it: from the beginning, and also when it fails."""
    report = refresher.report
    await rotation.put_refresh(_run(refresher, run_id))
    failure: str | None = "It was stopped in the middle."
    try:
        await refresher.refresh(identity_ids)
        failure = report.failure
    finally:
        await rotation.put_refresh(_run(refresher, run_id, failure=failure, is_finished=True))
    return report


def _run(
    refresher: RotationPipeline,
    run_id: str,
    *,
    failure: str | None = None,
    is_finished: bool = False,
) -> RefreshRun:
    report = refresher.report
    return RefreshRun(
        run_id=run_id,
        batch_size=refresher.batch_size,
        batches=report.batches,
        calls=report.calls,
        tally=report.tally,
        drift=report.drift,
        failure=failure,
        is_finished=is_finished,
    )
