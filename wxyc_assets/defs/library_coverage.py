"""How much of the library is covered, as snapshots, and the gates on them.

pandas shapes a snapshot. Only the step that takes one imports it: that costs every other process
of Dagster's up to a second.
"""

import sys
from collections.abc import Iterator

import dagster as dg
from pydantic import Field

from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.defs import freshness
from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.library_artwork import ArtworkConfig, library_artwork
from wxyc_assets.defs.library_identity import LIBRARY_IDENTITY
from wxyc_assets.defs.partitions import library_ranges
from wxyc_assets.defs.resources import DatabaseResource, ScopeResource
from wxyc_assets.domain.coverage import CoverState, Snapshot
from wxyc_assets.domain.gates import SENTENCES, Floors, GateResult
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.coverage.evaluation import Evaluation, evaluate_newest
from wxyc_assets.settings import Rows, Share, SnapshotCount, settings
from wxyc_assets.views import coverage_tables as tables
from wxyc_assets.views.charts import inline

RANGES = [IdRange.parse(key) for key in library_ranges.get_partition_keys()]
CEILING = RANGES[-1].last
SNAPSHOTS_SHOWN = 90


class FloorsConfig(dg.Config):
    """How good is good enough; the environment's, unless said otherwise for a run."""

    coverage: Share = settings.gate_coverage
    identity: Share = settings.gate_identity
    artwork: Share = settings.gate_artwork
    artwork_target: Share = settings.gate_artwork_target
    compilations: Share = settings.gate_compilations
    agreement: Share = settings.gate_agreement
    asked_twice: Rows = settings.max_asked_twice
    orphaned_sources: Rows = settings.max_orphaned_sources
    tolerance: Share = settings.regression_tolerance
    snapshots: SnapshotCount = Field(
        default=settings.regression_snapshots, description="How many earlier snapshots count."
    )

    def floors(self) -> Floors:
        """The floors as the domain knows them."""
        return Floors(**self.model_dump(exclude={"snapshots"}))


@dg.asset(
    deps=[LIBRARY_IDENTITY, library_artwork],
    kinds={"postgres", "pandas"},
    freshness_policy=freshness.daily,
)
async def library_coverage(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    scope: ScopeResource,
) -> None:
    """A snapshot of how much is covered: the library, each cohort, range and genre.

    Lives in `coverage_snapshot`; asks LML nothing.
    """
    from wxyc_assets.flows.coverage.snapshot import take_snapshot

    with instrumented(context, "library_coverage") as totals:
        async with database.open() as opened:
            coverage = CoverageStore(opened)
            now = await take_snapshot(
                coverage,
                run_id=context.run.run_id,
                scope=scope.scope(),
                covers=ArtworkConfig().scope(),
                ranges=RANGES,
            )
            before = await coverage.newest(SNAPSHOTS_SHOWN)
        totals.add(_numbers(now))
        context.add_output_metadata(_metadata(now, [e for e in before if e.is_comparable(now)]))


@dg.multi_asset_check(
    name="library_coverage_gates",
    specs=[
        dg.AssetCheckSpec(name, asset=library_coverage, blocking=True, description=sentence)
        for name, sentence in SENTENCES.items()
    ],
    can_subset=True,
)
async def library_coverage_gates(
    context: dg.AssetCheckExecutionContext, config: FloorsConfig, database: DatabaseResource
):  # Dagster would read an annotation here as the outputs' types
    wanted = {key.name for key in context.selected_asset_check_keys}
    run_id = context.op_execution_context.run_id
    async with database.open() as opened:
        judged = await evaluate_newest(
            CoverageStore(opened),
            config.floors(),
            ceiling=CEILING,
            compared=config.snapshots,
            run_id=run_id,
        )
    if judged is None:
        raise dg.Failure("There is no snapshot to judge. Materialize library_coverage first.")
    verdicts = [each for each in judged.verdicts if each.name in wanted]
    sys.stdout.write("\n".join(_printed(verdicts)) + "\n")
    sys.stdout.flush()
    for each in verdicts:
        yield _result(each, judged)


def _printed(verdicts: list[GateResult]) -> Iterator[str]:
    """What a person at a terminal wants to know: which, and by how much."""
    for each in verdicts:
        verdict = "holds" if each.holds else "warns" if each.is_warning else "DOES NOT HOLD"
        yield f"{verdict}: {each.name}: {each.words}"
        if not each.holds:
            yield from (f"    {offender}" for offender in each.offenders)


def _result(verdict: GateResult, judged: Evaluation) -> dg.AssetCheckResult:
    severity = dg.AssetCheckSeverity.WARN if verdict.is_warning else dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckResult(
        asset_key=library_coverage.key,
        check_name=verdict.name,
        passed=verdict.holds,
        severity=severity,
        description=verdict.words,
        metadata={
            "number": float(verdict.number),
            "floor": float(verdict.floor),
            **verdict.numbers,
            "ranges": f"{RANGES[0].key} ... {RANGES[-1].key}",
            "offenders": dg.MetadataValue.json(list(verdict.offenders)),
            "snapshot": judged.snapshot.run_id,
            "taken_at": dg.MetadataValue.timestamp(judged.snapshot.taken_at),
        },
    )


def _numbers(now: Snapshot) -> dict[str, float]:
    total = now.total
    return {
        "library_rows": total.library_rows,
        "in_scope": total.in_scope,
        "identified": total.identified,
        "resting": total.resting,
        "open": total.open_rows,
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
    by_cohort = f"{inline(strip, 'Share covered, range by range')}\n\n"
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
        "by_cohort": dg.MetadataValue.md(by_cohort + tables.by_cohort(now).markdown()),
        "states": dg.MetadataValue.json(states),
    }
