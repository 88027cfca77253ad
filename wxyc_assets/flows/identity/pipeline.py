"""From candidates to identities: LML is asked page by page, and its answers are applied."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count

from wxyc_assets.adapters.lml.client import LmlClient
from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.adapters.lml.retry import GiveWay, RetryPolicy
from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.adapters.postgres.range_locks import LockFamily
from wxyc_assets.domain.batches import batched
from wxyc_assets.domain.candidates import Candidate, Cohort, Scope
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.identity.apply_answers import AnswerWriter
from wxyc_assets.flows.identity.batch_resolver import BatchResolver
from wxyc_assets.flows.identity.batch_result import BatchResult, Page
from wxyc_assets.flows.identity.report import IdentityReport, build_report
from wxyc_assets.flows.range_pipeline import RangePipeline
from wxyc_assets.flows.worker_pool import WorkerPool
from wxyc_assets.telemetry import logs

OPEN_RANGES = 4
"""Enough to keep calls in flight across ranges, few enough for memory."""
PAGES_PER_CALL = 2
"""Pages in work per call in flight: the answers about one are stored while another is asked."""

BatchResults = Sequence[asyncio.Future[BatchResult]]


@dataclass(frozen=True, slots=True)
class PageSizes:
    """Inputs per bulk-resolve call; the compilation cohort has a size of its own."""

    batch_size: int
    va_batch_size: int

    def pages(self, candidates: Sequence[Candidate]) -> list[Page]:
        """Pages of one cohort each, in id order."""
        sizes = {Cohort.VA: self.va_batch_size, Cohort.NON_VA: self.batch_size}
        return [
            page
            for cohort, size in sizes.items()
            for page in batched([each for each in candidates if each.cohort is cohort], size)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityOptions:
    """The options of a run or a dry run."""

    run_id: str
    scope: Scope
    page_sizes: PageSizes
    retry_policy: RetryPolicy
    max_in_flight: int
    max_refused_writes: float
    """Share of a range's records whose write may be refused; beyond it the range stays open."""
    applies: bool = True
    """False to store LML's answers only."""


class IdentityPipeline(RangePipeline[BatchResults, IdentityReport]):
    """Asks LML and applies its answers; without `lml`, applies what is stored.

    Each call awaits `give_way` first.
    """

    def __init__(
        self,
        store: IdentityStore,
        lml: LmlClient | None,
        options: IdentityOptions,
        give_way: GiveWay | None = None,
    ) -> None:
        workers = PAGES_PER_CALL * options.max_in_flight
        pool = WorkerPool(workers=workers, queue_size=1)
        super().__init__(
            store.database, LockFamily.IDENTITY, pool, open_ranges=OPEN_RANGES, unit="records"
        )
        self._store = store
        self._options = options
        self._batches = count(1)
        self._resolver = lml and BatchResolver(
            lml,
            options.retry_policy,
            partial(store.store_answers, run_id=options.run_id),
            max_in_flight=options.max_in_flight,
            give_way=give_way,
        )
        writer = AnswerWriter(store, options.scope, options.run_id)
        self._writer = writer if options.applies else None

    @property
    def stopped(self) -> LmlError | None:
        return self._resolver.stopped if self._resolver else None

    async def _begin(self, id_range: IdRange) -> BatchResults:
        if self._resolver is None:
            return []
        candidates = await self._store.unanswered(id_range, self._options.scope)
        self.progress.begin(len(candidates))
        return [
            await self._pool.submit(partial(self._resolve, self._resolver, id_range, page))
            for page in self._options.page_sizes.pages(candidates)
        ]

    async def _resolve(self, resolver: BatchResolver, id_range: IdRange, page: Page) -> BatchResult:
        with logs.about(id_range=id_range.key):
            result = await resolver.resolve(page)
            self.progress.advance(len(page))
            await self._store.store_refusals(result.refusals, self._options.run_id)
            step = f"batch-{next(self._batches)}"
            logs.logger().info("batch answered", step=step, **result.counters())
            return result

    async def _finish(self, id_range: IdRange, work: BatchResults) -> IdentityReport:
        results = [await each for each in work]
        for result in results:
            await self._resolve_doubtful(result)
        applied = await self._writer.apply(id_range) if self._writer else None
        report = build_report(
            id_range, results, applied, max_refused_writes=self._options.max_refused_writes
        )
        report.counts = await self._store.count_range(id_range)
        return report

    async def _resolve_doubtful(self, result: BatchResult) -> None:
        stored = {*result.refusals}
        if self._resolver:
            await self._resolver.resolve_doubtful(result)
        new = {each: reason for each, reason in result.refusals.items() if each not in stored}
        await self._store.store_refusals(new, self._options.run_id)
