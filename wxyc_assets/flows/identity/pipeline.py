"""From due library rows to identities, range by range: asking and applying, overlapped.

While one range's answers are being applied, the next range's questions are in flight.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.domain.batches import batched
from wxyc_assets.domain.candidates import Candidate, Cohort, Scope
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.identity.apply_answers import AnswerWriter
from wxyc_assets.flows.identity.batch_resolver import BatchResolver, BatchResult
from wxyc_assets.flows.identity.report import IdentityReport, build_report
from wxyc_assets.telemetry import logs

OPEN_RANGES = 4
"""Ranges in work at once: enough to keep calls in flight across borders, few enough for memory."""
PAGES_A_CALL = 2
"""Pages in hand for each call in flight: while one is asked about, another's answers are stored."""


@dataclass(slots=True)
class IdentitySummary:
    """What became of a whole run."""

    reports: list[IdentityReport] = field(default_factory=list[IdentityReport])
    untouched: list[IdRange] = field(default_factory=list[IdRange])
    """Ranges that were not begun, because LML was down or said no."""
    stopped: LmlError | None = None

    @property
    def wrote(self) -> bool:
        """Whether any table may have changed."""
        return any(each.wrote for each in self.reports)

    @property
    def why_open(self) -> dict[IdRange, str]:
        """Ranges in which LML owes an answer, each with what people should know about it."""
        begun = {each.id_range: each.why_open for each in self.reports if each.open_rows}
        return begun | dict.fromkeys(self.untouched, "not begun")


@dataclass(frozen=True, slots=True)
class PageSizes:
    """Inputs a bulk-resolve call, by cohort."""

    va: int
    non_va: int

    def pages(self, candidates: Sequence[Candidate]) -> list[Sequence[Candidate]]:
        """Pages of one cohort each, in id order."""
        sizes = {Cohort.VA: self.va, Cohort.NON_VA: self.non_va}
        return [
            page
            for cohort, size in sizes.items()
            for page in batched([each for each in candidates if each.cohort is cohort], size)
        ]


class IdentityPipeline:
    """Takes ranges through asking and applying; either may be left out (None)."""

    def __init__(
        self,
        library: IdentityStore,
        *,
        asker: BatchResolver | None,
        applier: AnswerWriter | None,
        scope: Scope,
        page_sizes: PageSizes,
        run_id: str,
        max_in_flight: int,
    ) -> None:
        self._library = library
        self._asker = asker
        self._applier = applier
        self._scope = scope
        self._page_sizes = page_sizes
        self._run_id = run_id
        self._in_hand = asyncio.Semaphore(PAGES_A_CALL * max_in_flight)
        self._open_ranges = asyncio.Semaphore(OPEN_RANGES)
        self._turn = asyncio.Lock()
        self._reporting = asyncio.Lock()

    async def run(
        self, ranges: Sequence[IdRange], report: Callable[[IdentityReport], None]
    ) -> IdentitySummary:
        """Works through the ranges in order; `report` hears of each as soon as it is done.

        Raises DatabaseError; whatever was committed until then stands.
        """
        summary = IdentitySummary()
        async with asyncio.TaskGroup() as group:
            for id_range in sorted(ranges):
                group.create_task(self._work(id_range, group, summary, report))
        summary.stopped = self._asker.stopped if self._asker else None
        return summary

    async def _work(
        self,
        id_range: IdRange,
        group: asyncio.TaskGroup,
        summary: IdentitySummary,
        report: Callable[[IdentityReport], None],
    ) -> None:
        async with self._open_ranges, AsyncExitStack() as stack:
            stack.enter_context(logs.about(id_range=id_range.key))
            async with self._turn:
                if self._asker and self._asker.stopped:
                    summary.untouched.append(id_range)
                    return
                await stack.enter_async_context(self._library.database.lock(id_range.first))
                asking = await self._ask(id_range, group)
            asked = [await each for each in asking]
            applied = await self._applier.apply(id_range) if self._applier else None
            done = build_report(id_range, asked, applied)
            if done.wrote:
                await self._library.database.flush(id_range.key)
            summary.reports.append(done)
            async with self._reporting:
                await asyncio.to_thread(report, done)  # it writes to Dagster's storage

    async def _ask(
        self, id_range: IdRange, group: asyncio.TaskGroup
    ) -> list[asyncio.Task[BatchResult]]:
        if self._asker is None:
            return []
        candidates = await self._library.unanswered(id_range, self._scope)
        asking: list[asyncio.Task[BatchResult]] = []
        for page in self._page_sizes.pages(candidates):
            await self._in_hand.acquire()
            asking.append(group.create_task(self._ask_page(self._asker, page)))
        return asking

    async def _ask_page(self, asker: BatchResolver, page: Sequence[Candidate]) -> BatchResult:
        try:
            asked = await asker.ask(page)
            await self._library.store_refusals(asked.refusals, self._run_id)
            return asked
        finally:
            self._in_hand.release()
