"""The library rows that are due for a question to LML."""

import asyncio
from collections import Counter

import dagster as dg

from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.defs import freshness as promises
from wxyc_assets.defs.failures import as_dagster_failure
from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.partitions import library_ranges, one_run, report_range, selected_ranges
from wxyc_assets.defs.resources import DatabaseResource, ScopeResource
from wxyc_assets.domain.candidates import Cohort, Reason
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.identity.pipeline import OPEN_RANGES

library = dg.AssetSpec(
    "library", description="The station's library, about 64,700 records; Backend's own table."
)


@dg.asset(
    partitions_def=library_ranges,
    backfill_policy=one_run,
    deps=[library],
    kinds={"postgres"},
    freshness_policy=promises.weekly,
)
async def library_candidates(
    context: dg.AssetExecutionContext, database: DatabaseResource, scope: ScopeResource
) -> None:
    """A library row that is due, with its cohort (`va`, `non_va`) and the reason.

    Reasons: `never_resolved`, `stale`, `retry_due`, `recheck`. Lives in `library_candidate`.
    """
    with instrumented(context, "library_candidates") as totals, as_dagster_failure():
        ranges, in_work = selected_ranges(context), asyncio.Semaphore(OPEN_RANGES)
        async with database.open() as opened:

            async def put(id_range: IdRange) -> None:
                async with in_work:
                    due = await IdentityStore(opened).put_candidates(
                        id_range, scope.scope(), context.run.run_id
                    )
                figures = _figures(due)
                totals.add(figures)
                report_range(context, context.asset_key, id_range.key, _metadata(figures))

            async with asyncio.TaskGroup() as group:
                for id_range in ranges:
                    group.create_task(put(id_range))


def _figures(due: Counter[tuple[Cohort, Reason]]) -> dict[str, int]:
    figures = Counter({"due": due.total()})
    for (cohort, reason), rows in due.items():
        figures[f"due.{cohort}"] += rows
        figures[f"due.{reason}"] += rows
    return figures


def _metadata(figures: dict[str, int]) -> dict[str, dg.MetadataValue]:
    by_reason = {name: dg.MetadataValue.int(rows) for name, rows in sorted(figures.items())}
    return {"dagster/partition_row_count": by_reason.pop("due"), **by_reason}
