"""Shared by the checks on a run: the ranges that it had, the limits, and the result's form."""

import dagster as dg

from wxyc_assets.defs.catalog import what_to_do
from wxyc_assets.defs.occurrences import ID_RANGE, range_of
from wxyc_assets.defs.partitions import library_ranges
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.domain.run_checks import RunLimits, Verdict
from wxyc_assets.settings import settings

LIMITS = RunLimits(
    not_written=settings.max_not_written,
    run_yield=settings.gate_run_yield,
    refresh_yield=settings.gate_refresh_yield,
    unusable=settings.max_run_unusable,
)


def range_of_run(context: dg.AssetCheckExecutionContext) -> IdRange:
    """Return the ids that the run is about: its ranges, or all if the check was run alone."""
    keys = library_ranges.get_partition_keys()
    everything = IdRange(IdRange.parse(keys[0]).first, IdRange.parse(keys[-1]).last)
    key = range_of(context.op_execution_context.run.tags)
    return IdRange.parse(key) if key else everything


def check_result(
    context: dg.AssetCheckExecutionContext, verdict: Verdict, id_range: IdRange
) -> dg.AssetCheckResult:
    """Return the verdict as Dagster's result; an alert about it names the range."""
    return dg.AssetCheckResult(
        passed=verdict.passed,
        description=verdict.description,
        metadata={
            **verdict.numbers,
            "offenders": dg.MetadataValue.json(list(verdict.offenders)),
            ID_RANGE: id_range.key,
            **what_to_do(context.check_specs[0].name),
        },
    )
