"""A run over ranges that is on record: its rules before it asks, its completed ranges after."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wxyc_assets.adapters.postgres.run_store import Pipeline, RunStore
from wxyc_assets.domain.coverage import CoverageRules
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.heartbeat import Watch
from wxyc_assets.flows.range_pipeline import RangePipeline
from wxyc_assets.flows.range_report import Report, RunSummary
from wxyc_assets.flows.worker_pool import in_background


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """The entry of a run in the books."""

    kind: Pipeline
    run_id: str
    rules: CoverageRules
    watch: Watch
    """What follows the pipeline's progress."""
    is_whole: bool
    completes: bool = True
    """False for a run that leaves a part of the work to another: it completes no range."""


async def run_on_record(
    books: RunStore,
    entry: RunEntry,
    pipeline: RangePipeline[Any, Report],
    ranges: Sequence[IdRange],
    on_range_done: Callable[[Report], None],
) -> RunSummary[Report]:
    """Run a pipeline over the ranges, watched, with its entry and completed ranges on record."""
    await books.begin(entry.kind, entry.run_id, entry.rules, ranges, is_whole=entry.is_whole)
    async with in_background(entry.watch(pipeline.progress)):
        summary = await pipeline.run(ranges, on_range_done)
    if entry.completes:
        await books.complete(entry.kind, entry.run_id, summary.completed, entry.rules)
    return summary
