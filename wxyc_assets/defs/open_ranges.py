"""Open ranges: what comes after them in a run goes on, and the run fails all the same.

Dagster skips everything behind a step that fails, and takes all ranges of one that succeeds for
materialized. So a step that leaves ranges open reports the complete ones itself and succeeds; then
a check behind it, which nothing waits for, fails the run.
"""

from collections.abc import Collection
from typing import Any

import dagster as dg

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.defs import metadata
from wxyc_assets.defs.failures import fail_if_open
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.range_report import RunSummary

WHY_OPEN = "why_open"
"""The metadata key of the observation of an open range."""
RANGE_EVENTS = {dg.DagsterEventType.ASSET_MATERIALIZATION, dg.DagsterEventType.ASSET_OBSERVATION}


async def finish_run(
    context: dg.AssetExecutionContext,
    opened: Database,
    summary: RunSummary[Any],
    asset_keys: Collection[dg.AssetKey],
    check: dg.AssetChecksDefinition,
) -> None:
    """Refresh the statistics of the tables that changed, and report the ranges left open.

    Raises dg.Failure for open ranges if LML stopped the run, or if `check` is not part of it.
    """
    unanalyzed = await opened.analyze(*sorted(summary.touched)) if summary.touched else []
    metadata.warn_of_stale_statistics(context, unanalyzed)
    if summary.stopped or not _is_part_of_run(check, context):
        fail_if_open(summary.why_open, summary.stopped)
    for id_range, why in summary.why_open.items():
        context.log.warning(
            f"{id_range.key} stays open: {why}. The run goes on, and fails at its end."
        )
        for key in asset_keys:
            _observe(context, key, id_range, why)


def completeness_check(asset_key: dg.AssetKey, name: str) -> dg.AssetChecksDefinition:
    """Return the check that fails a run in which the asset's step left ranges open."""

    @dg.asset_check(
        asset=asset_key,
        name=name,
        description="This run: each of its ranges is complete, as every record has an answer, and "
        "what was answered is written.",
    )
    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        run = context.run
        fail_if_open(open_ranges(context.op_execution_context.instance, run, asset_key), None)
        return dg.AssetCheckResult(passed=True, description="Every range is complete.")

    return check


def open_ranges(
    instance: dg.DagsterInstance, run: dg.DagsterRun, asset_key: dg.AssetKey
) -> dict[IdRange, str]:
    """Return the ranges that the asset's step left open, each with the reason.

    A run that re-executes only the check judges the step of the run before it.
    """
    records = instance.all_logs(run.run_id, of_type=RANGE_EVENTS)
    events = [each.dagster_event for each in records if each.dagster_event]
    mine = [each for each in events if each.asset_key == asset_key]
    before = instance.get_run_by_id(run.parent_run_id) if run.parent_run_id else None
    if not mine and before:
        return open_ranges(instance, before, asset_key)
    seen = [
        each.asset_observation_data.asset_observation
        for each in mine
        if each.event_type is dg.DagsterEventType.ASSET_OBSERVATION
    ]
    return {
        IdRange.parse(each.partition): str(each.metadata[WHY_OPEN].value)
        for each in seen
        if each.partition and WHY_OPEN in each.metadata
    }


def _is_part_of_run(check: dg.AssetChecksDefinition, context: dg.AssetExecutionContext) -> bool:
    steps = context.run.step_keys_to_execute
    return check.op.name in steps if steps else context.job_def.has_node_named(check.op.name)


def _observe(
    context: dg.AssetExecutionContext, asset_key: dg.AssetKey, id_range: IdRange, why: str
) -> None:
    context.log_event(
        dg.AssetObservation(asset_key, partition=id_range.key, metadata={WHY_OPEN: why})
    )
