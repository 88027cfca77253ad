"""The shape of a pipeline over ranges: begin one after the other, finish them side by side.

While LML is asked about one range, the answers about earlier ones are written and reported.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.range_locks import LockFamily, RangeLocks, open_range_locks
from wxyc_assets.domain.progress import Progress
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.range_report import Report, RunSummary
from wxyc_assets.flows.worker_pool import WorkerPool, in_background
from wxyc_assets.telemetry import logs

Work = TypeVar("Work")


class RangePipeline(ABC, Generic[Work, Report]):
    """Takes up to `open_ranges` ranges at a time through `_begin` and `_finish`.

    `_begin` submits jobs to `self._pool` and returns what `_finish` waits for; what is asked about
    is counted in `progress`.
    """

    def __init__(
        self,
        database: Database,
        family: LockFamily,
        pool: WorkerPool,
        *,
        open_ranges: int,
        unit: str,
    ) -> None:
        self.progress = Progress(unit)
        self._database = database
        self._family = family
        self._pool = pool
        self._open_ranges = asyncio.Semaphore(open_ranges)
        self._reporting = asyncio.Lock()

    async def run(
        self, ranges: Sequence[IdRange], on_range_done: Callable[[Report], None]
    ) -> RunSummary[Report]:
        """Work through the ranges in id order; call back with each report as soon as it is there.

        Raises DatabaseError; whatever was committed until then stands.
        """
        summary = RunSummary[Report]()
        self.progress.ranges = len(ranges)
        async with (
            open_range_locks(self._database, self._family) as locks,
            in_background(*self._background()),
            self._pool.running(),
            asyncio.TaskGroup() as finishing,
        ):
            for id_range in sorted(ranges):
                await self._open_ranges.acquire()
                if self.stopped:
                    summary.not_begun.append(id_range)
                    self._open_ranges.release()
                    continue
                with logs.about(id_range=id_range.key):
                    await locks.take(id_range)
                    work = await self._begin(id_range)
                    finish = self._report(id_range, work, locks, summary, on_range_done)
                    finishing.create_task(finish)
        summary.stopped = self.stopped
        return summary

    @property
    @abstractmethod
    def stopped(self) -> LmlError | None:
        """The reason why no further range is begun."""

    @abstractmethod
    async def _begin(self, id_range: IdRange) -> Work: ...

    @abstractmethod
    async def _finish(self, id_range: IdRange, work: Work) -> Report: ...

    def _background(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Coroutines that run beside the ranges, until the last of them is done."""
        return ()

    async def _report(
        self,
        id_range: IdRange,
        work: Work,
        locks: RangeLocks,
        summary: RunSummary[Report],
        on_range_done: Callable[[Report], None],
    ) -> None:
        report = await self._finish(id_range, work)
        if report.wrote:
            await self._database.flush(id_range.key)
        summary.reports.append(report)
        async with self._reporting:
            await asyncio.to_thread(on_range_done, report)  # it writes to Dagster's storage
        state = "range left open" if report.open_rows else "range done"
        logs.logger().info(state, step="range", **report.figures())
        await locks.release(id_range)
        self._open_ranges.release()
