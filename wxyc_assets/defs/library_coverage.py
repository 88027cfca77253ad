"""Snapshots of the library's coverage, and the checks on them."""

import sys
from collections.abc import Iterator, Mapping
from typing import Literal

import dagster as dg
from pydantic import Field

from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.run_store import Pipeline, RunStore
from wxyc_assets.defs.catalog import what_to_do
from wxyc_assets.defs.freshness import report_read
from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.library_artwork import ArtworkConfig, library_artwork
from wxyc_assets.defs.library_identity import LIBRARY_IDENTITY
from wxyc_assets.defs.offenders import offending_records
from wxyc_assets.defs.partitions import library_ranges
from wxyc_assets.defs.resources import DatabaseResource, ScopeResource
from wxyc_assets.domain.coverage import CoverageRules, CoverState, Snapshot
from wxyc_assets.domain.gates.evaluation import CHECK_DESCRIPTIONS
from wxyc_assets.domain.gates.floors import Floors
from wxyc_assets.domain.gates.result import GateResult
from wxyc_assets.domain.gates.stage import WHOLE, Stage
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.coverage.evaluation import accept_if_passed, evaluate_newest
from wxyc_assets.flows.coverage.snapshot import take_snapshot
from wxyc_assets.settings import Days, Rows, Share, settings
from wxyc_assets.views import coverage_tables as tables
from wxyc_assets.views.charts import inline

RANGES = [IdRange.parse(key) for key in library_ranges.get_partition_keys()]
CEILING = RANGES[-1].last
SNAPSHOTS_SHOWN = 90
AFTER_BACKFILL = "wxyc_assets/after_backfill"
"""The tag of a run that follows a backfill, with the backfill's id."""


class GatesConfig(dg.Config):
    """The floors and the baselines of the checks; from the environment, unless set for one run."""

    coverage: Share = settings.gate_coverage
    identity: Share = settings.gate_identity
    artwork: Share = settings.gate_artwork
    artwork_target: Share = settings.gate_artwork_target
    compilations: Share = settings.gate_compilations
    agreement: Share = settings.gate_agreement
    asked_twice: Rows = settings.max_asked_twice
    orphaned_sources: Rows = settings.max_orphaned_sources
    tolerance: Share = settings.regression_tolerance
    drop: Share = settings.gate_max_drop
    found: Share = settings.gate_yield
    confirmed: Share = settings.gate_confirmed
    covers_found: Share = settings.gate_cover_yield
    yield_history: Share = settings.gate_yield_history
    refused: Share = settings.max_refused
    unknown: Share = settings.max_unknown_lookups
    not_written: Share = settings.max_not_written
    fresh: Share = settings.gate_freshness
    flips: Share = settings.max_flips
    run_age_days: Days = settings.max_run_age_days
    artists_per_id: Rows = settings.max_artists_per_id
    albums_per_cover: Rows = settings.max_albums_per_cover

    baseline_days: Days = Field(
        default=settings.baseline_days,
        description="How long an accepted snapshot is a baseline, if a newer one exists.",
    )

    def floors(self) -> Floors:
        """Return the floors as a value of the domain."""
        return Floors(**{name: getattr(self, name) for name in Floors.__slots__})


class SnapshotConfig(dg.Config):
    """The rules that a snapshot is taken by."""

    rules: Literal["run", "environment"] = Field(
        default="run",
        description="run: those of this run, or of the backfill before it; else of the newest run "
        "over the whole library. environment: those that are set for this run.",
    )


@dg.asset(deps=[LIBRARY_IDENTITY, library_artwork])
async def library_coverage(
    context: dg.AssetExecutionContext,
    config: SnapshotConfig,
    database: DatabaseResource,
    scope: ScopeResource,
) -> None:
    """A snapshot of the coverage: of the library, and of each cohort, range and genre.

    Taken by the rules that the run had, and stored in `coverage_snapshot`; makes no calls to LML.
    """
    with instrumented(context, "library_coverage") as totals:
        async with database.open() as opened:
            coverage = CoverageStore(opened)
            rules = CoverageRules(scope.scope(), ArtworkConfig().scope())
            if config.rules == "run":
                asked_by = runs_judged(context.instance, context.run)
                rules = await RunStore(opened).rules(asked_by, rules)
            now = await take_snapshot(
                coverage,
                run_id=context.run.run_id,
                rules=rules,
                ranges=RANGES,
                grace_days=settings.max_run_age_days,
            )
            before = await coverage.newest(SNAPSHOTS_SHOWN)
        totals.add(_numbers(now))
        report_read(context.instance, "library", **{"dagster/row_count": now.total.library_rows})
        context.add_output_metadata(_metadata(now, [e for e in before if e.is_comparable(now)]))


@dg.multi_asset_check(
    name="library_coverage_gates",
    specs=[
        dg.AssetCheckSpec(
            name, asset=library_coverage, blocking=True, description=f"The library: {description}"
        )
        for name, description in CHECK_DESCRIPTIONS.items()
    ],
    can_subset=True,
)
async def library_coverage_gates(
    context: dg.AssetCheckExecutionContext, config: GatesConfig, database: DatabaseResource
):  # Dagster would read an annotation here as the outputs' types
    selected = {key.name for key in context.selected_asset_check_keys}
    run = context.op_execution_context.run
    async with database.open() as opened:
        stage = await _stage(opened, context.op_execution_context.instance, run)
        evaluation = await evaluate_newest(
            opened,
            config.floors(),
            ceiling=CEILING,
            baseline_days=config.baseline_days,
            run_id=run.run_id,
            stage=stage,
        )
        if evaluation is None:
            raise dg.Failure(
                "There is no snapshot to evaluate. Materialize library_coverage first."
            )
        if stage.is_whole and selected == {*CHECK_DESCRIPTIONS}:
            await accept_if_passed(opened, evaluation)
        results = [each for each in evaluation.results if each.name in selected]
        named = {
            each.name: await offending_records(opened, each.record_ids)
            for each in results
            if not each.passed
        }
    sys.stdout.write("\n".join(_render(results)) + "\n")
    sys.stdout.flush()
    for each in results:
        yield _check_result(each, evaluation.snapshot, named.get(each.name, {}))


async def _stage(opened: Database, instance: dg.DagsterInstance, run: dg.DagsterRun) -> Stage:
    """Return what is judged: after a backfill the ranges it asked for, otherwise the library."""
    if AFTER_BACKFILL not in run.tags:
        return WHOLE
    asked = await RunStore(opened).ranges(runs_judged(instance, run))
    return Stage(*(None if len(asked[each]) == len(RANGES) else asked[each] for each in Pipeline))


def runs_judged(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[str]:
    """Return the runs whose work is judged: those of the backfill before this run, or itself."""
    backfill_id = run.tags.get(AFTER_BACKFILL)
    if backfill_id is None:
        return [run.run_id]
    of_backfill = dg.RunsFilter(tags={"dagster/backfill": backfill_id})
    return [each.run_id for each in instance.get_runs(of_backfill)]


def _render(results: list[GateResult]) -> Iterator[str]:
    """Return the results as lines for a terminal."""
    for each in results:
        outcome = "passes" if each.passed else "warns" if each.is_warning else "FAILS"
        yield f"{outcome}: {each.name}: {each.description}"
        if not each.passed:
            yield from (f"    {offender}" for offender in each.offenders)


def _check_result(
    result: GateResult, snapshot: Snapshot, named: Mapping[str, dg.MetadataValue]
) -> dg.AssetCheckResult:
    severity = dg.AssetCheckSeverity.WARN if result.is_warning else dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckResult(
        asset_key=library_coverage.key,
        check_name=result.name,
        passed=result.passed,
        severity=severity,
        description=result.description,
        metadata={
            "number": float(result.number),
            "floor": float(result.floor),
            **result.numbers,
            "ranges": f"{RANGES[0].key} ... {RANGES[-1].key}",
            "offenders": dg.MetadataValue.json(list(result.offenders)),
            "snapshot": snapshot.run_id,
            "taken_at": dg.MetadataValue.timestamp(snapshot.taken_at),
            **named,
            **what_to_do(result.name),
        },
    )


def _numbers(now: Snapshot) -> dict[str, float]:
    total = now.total
    return {
        "library_rows": total.library_rows,
        "in_scope": total.in_scope,
        "identified": total.identified,
        "resting": total.waiting_to_retry,
        "open": total.open_records,
        "covers_wanted": total.covers_wanted,
        "covers_there": total.cover(CoverState.THERE),
        "compilations_matched": total.compilations_matched,
        "share_covered": total.covered_share,
        "share_identified": total.identified_share,
        "share_with_cover": total.artwork_share,
        "share_of_covers_settled": total.artwork_settled_share,
    }


def _metadata(now: Snapshot, before: list[Snapshot]) -> dict[str, dg.MetadataValue]:
    strip = tables.strip(now, settings.gate_coverage)
    chart = tables.over_time(now, [each for each in before if each.run_id != now.run_id])
    ranges = f"{inline(strip, tables.RANGES_TITLE)}\n\n"
    numbers = {
        name: dg.MetadataValue.float(number)
        if isinstance(number, float)
        else dg.MetadataValue.int(int(number))
        for name, number in _numbers(now).items()
    }
    states = {state.value: rows for state, rows in now.total.states.items()}
    return {
        "dagster/row_count": dg.MetadataValue.int(len(now.slices)),
        **numbers,
        "scope": dg.MetadataValue.text(now.scope),
        "over_time": dg.MetadataValue.md(inline(chart, "Coverage over time")),
        "by_cohort": dg.MetadataValue.md(ranges + tables.by_cohort(now).markdown()),
        "states": dg.MetadataValue.json(states),
    }
