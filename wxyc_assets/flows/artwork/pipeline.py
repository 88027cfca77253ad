"""From library records without a cover to covers: LML is asked, and what it finds is written."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from wxyc_assets.adapters.lml.circuit_breaker import CircuitBreakerWatch
from wxyc_assets.adapters.lml.client import LmlClient
from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.adapters.lml.retry import GiveWay, RetryPolicy
from wxyc_assets.adapters.postgres.artwork_store import ArtworkStore
from wxyc_assets.adapters.postgres.kept_answer_store import KeptAnswerStore
from wxyc_assets.adapters.postgres.range_locks import LockFamily
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.artwork.cover_lookup import CoverLookup
from wxyc_assets.flows.artwork.health_probes import HealthProbes
from wxyc_assets.flows.artwork.lookup_buffer import LookupBuffer
from wxyc_assets.flows.artwork.range_lookups import Question, RangeLookups
from wxyc_assets.flows.artwork.replay import decide_stored
from wxyc_assets.flows.artwork.report import ArtworkReport, build_report
from wxyc_assets.flows.artwork.write_covers import CoverWriteResult, write_covers
from wxyc_assets.flows.range_pipeline import RangePipeline
from wxyc_assets.flows.worker_pool import WorkerPool

OPEN_RANGES = 100
"""Many: a range with an empty answer stays open until the next probe of LML's health."""
RANGES_WRITTEN_AT_ONCE = 4
QUESTIONS_PER_CALL = 16
"""Questions in the queue per call in flight, so that the next range is read in time."""
WORKERS_PER_CALL = 6
"""Questions in work per call in flight: some are asked while the answers to others are stored."""
COVERS_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtworkOptions:
    """The options of a run."""

    run_id: str
    retry_policy: RetryPolicy
    max_in_flight: int
    health_interval_seconds: float
    max_refused_writes: float
    """Share of a range's records whose write may be refused; beyond it the range stays open."""
    breaker_ceiling_seconds: float | None
    """The longest wait for LML's circuit breaker to close; None: go on while it is open."""


class ArtworkPipeline(RangePipeline[RangeLookups, ArtworkReport]):
    """Looks covers up and writes them; lookups are in flight across ranges.

    Each lookup awaits `give_way` first.
    """

    def __init__(
        self,
        store: ArtworkStore,
        lml: LmlClient,
        options: ArtworkOptions,
        give_way: GiveWay | None = None,
    ) -> None:
        queue_size = QUESTIONS_PER_CALL * options.max_in_flight
        workers = WORKERS_PER_CALL * options.max_in_flight
        pool = WorkerPool(workers=workers, queue_size=queue_size)
        super().__init__(
            store.database, LockFamily.ARTWORK, pool, open_ranges=OPEN_RANGES, unit="lookups"
        )
        self._store = store
        self._kept_answers = KeptAnswerStore(store.database, store.scope, store.clock)
        self._run_id = options.run_id
        self._max_refused_writes = options.max_refused_writes
        self._writing = asyncio.Semaphore(RANGES_WRITTEN_AT_ONCE)
        ceiling = options.breaker_ceiling_seconds
        breaker = None if ceiling is None else CircuitBreakerWatch(lml, ceiling_seconds=ceiling)
        self._probes = HealthProbes(breaker or lml, interval=options.health_interval_seconds)
        self._buffer = LookupBuffer(store, options.run_id)
        self._lookup = CoverLookup(
            lml,
            retry_policy=options.retry_policy,
            probes=self._probes,
            buffer=self._buffer,
            rules=store.scope.rules,
            breaker=breaker,
            max_in_flight=options.max_in_flight,
            give_way=give_way,
        )

    @property
    def stopped(self) -> LmlError | None:
        return self._lookup.stopped

    def _background(self) -> Sequence[Coroutine[Any, Any, None]]:
        return self._probes.run(), self._buffer.run()

    async def _begin(self, id_range: IdRange) -> RangeLookups:
        worklist, decided_again = await self._store.wanted(id_range), 0
        if worklist.to_decide:
            decided_again = await decide_stored(
                self._kept_answers, id_range, worklist.to_decide, self._run_id
            )
            worklist = await self._store.wanted(id_range)
        lookups = RangeLookups(worklist)
        lookups.tally.details["decided_otherwise"] = decided_again
        self._lookup.confirm(lookups)
        self.progress.begin(len(lookups.questions))
        for question in lookups.questions:
            await self._pool.submit(partial(self._ask, question))
        return lookups

    async def _ask(self, question: Question) -> None:
        await self._lookup.ask(question)
        self.progress.advance()

    async def _finish(self, id_range: IdRange, work: RangeLookups) -> ArtworkReport:
        await work.asked.wait()
        for failed in work.doubtful:
            await self._lookup.ask_again(failed)
        await work.settled.wait()
        async with self._writing:
            await self._buffer.flush()
            written = CoverWriteResult()
            if work.covers or work.worklist.waiting:
                written = await write_covers(self._store, id_range, self._run_id)
            covered = await self._store.covered(id_range)
            first_covers = await self._store.first_covers(id_range, COVERS_SHOWN)
        return build_report(
            id_range,
            work,
            written,
            covered,
            first_covers,
            max_refused_writes=self._max_refused_writes,
        )
