"""Dry runs: nothing is written, and no range is shown as materialized.

They are jobs of their own, and with DRY_RUN set each job is one.
"""

import json
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import dagster as dg
from pydantic import Field

from wxyc_assets.adapters.lml.caller import CallerReason
from wxyc_assets.adapters.postgres.artwork_store import ArtworkStore
from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.adapters.postgres.doubt_store import DoubtStore
from wxyc_assets.adapters.postgres.flowsheet_store import FlowsheetStore
from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.adapters.postgres.rotation_store import RotationStore
from wxyc_assets.defs.instrumentation import Totals, instrumented
from wxyc_assets.defs.library_artwork import ArtworkConfig
from wxyc_assets.defs.lml_resource import LmlResource
from wxyc_assets.defs.occurrences import range_of
from wxyc_assets.defs.partitions import known_ranges, library_ranges
from wxyc_assets.defs.resources import DatabaseResource, PagesResource, ScopeResource
from wxyc_assets.defs.rotation_cache import RefreshConfig
from wxyc_assets.domain.candidates import Cohort
from wxyc_assets.domain.counters import IdentityTally, by_cohort
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.domain.refreshes import affordable_batch
from wxyc_assets.flows.artwork.dry_run import plan_lookups
from wxyc_assets.flows.doubts.find_doubts import preview_doubts
from wxyc_assets.flows.heartbeat import Watch, telling
from wxyc_assets.flows.identity.dry_run import IdentityDryRun, figures
from wxyc_assets.flows.identity.pipeline import IdentityOptions
from wxyc_assets.flows.live_activity import LiveActivity
from wxyc_assets.flows.precision import measure_newest
from wxyc_assets.flows.rotation import cache_refresh
from wxyc_assets.flows.rotation.cache_refresh import RefreshPlan
from wxyc_assets.flows.worker_pool import in_background
from wxyc_assets.settings import settings


class RangesConfig(dg.Config):
    """The ranges of a dry run."""

    ranges: list[str] = Field(
        default=[], description="Range keys such as 0000001-0002500; none: the whole library."
    )


async def count_identities(
    keys: Sequence[str],
    *,
    database: DatabaseResource,
    lml: LmlResource,
    scope: ScopeResource,
    pages: PagesResource,
    watch: Watch,
) -> dict[Cohort, IdentityTally]:
    """Count what a run over these ranges would do, watched; raises dg.Failure."""
    ranges = known_ranges(keys or library_ranges.get_partition_keys())
    options = IdentityOptions(
        run_id="dry run",
        scope=scope.scope(),
        page_sizes=pages.page_sizes(),
        retry_policy=lml.retry_policy(),
        max_in_flight=lml.max_in_flight,
        max_refused_writes=settings.max_refused_writes,
    )
    async with database.open() as opened, lml.open(opened, CallerReason.IDENTITIES) as client:
        live = LiveActivity(FlowsheetStore(opened), lml.live_activity_limits())
        dry_run = IdentityDryRun(IdentityStore(opened), client, options, live.give_way)
        async with in_background(watch(dry_run.progress)):
            return await dry_run.run(ranges)


@contextmanager
def dry_step(context: dg.OpExecutionContext, tool: str) -> Generator[Totals]:
    """Instrument a step of a dry run, and say that it is one."""
    with instrumented(context, tool) as totals:
        context.log.info("This is a dry run: nothing is written.")
        yield totals


def ranges_of_run(context: dg.OpExecutionContext) -> list[str]:
    """Return the keys of the ranges that the run's tags name; none if they name none."""
    key = range_of(context.run.tags)
    if key is None:
        return []
    ids = IdRange.parse(key)
    known = library_ranges.get_partition_keys()
    chosen = [each for each in known if ids.first <= IdRange.parse(each).first <= ids.last]
    return chosen or [key]


def print_json(line: Mapping[str, object]) -> None:
    """Print one JSON object on stdout, on a line of its own."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def print_counts(tallies: dict[Cohort, IdentityTally]) -> None:
    """Print one JSON object per cohort on stdout: the compilation cohort, then the rest."""
    for cohort in Cohort:
        print_json(figures(tallies[cohort]))


def fail_if_unanswered(tallies: dict[Cohort, IdentityTally]) -> None:
    """Raise dg.Failure if the real run would leave ranges open."""
    open_rows = sum(sum(tally.unanswered.values()) for tally in tallies.values())
    if open_rows:
        raise dg.Failure(f"LML left {open_rows} records without an answer; a real run would fail.")


@dg.op(pool="lml")
async def ask_and_count(
    context: dg.OpExecutionContext,
    config: RangesConfig,
    database: DatabaseResource,
    lml: LmlResource,
    scope: ScopeResource,
    pages: PagesResource,
) -> None:
    """Ask LML as a real run would, write nothing, and print what would be written."""
    with dry_step(context, "library_identity_dry_run") as totals:
        keys = config.ranges or ranges_of_run(context)
        tallies = await count_identities(
            keys,
            database=database,
            lml=lml,
            scope=scope,
            pages=pages,
            watch=telling(context.log.info),
        )
        totals.add(by_cohort(tallies))
        print_counts(tallies)
        context.add_output_metadata(
            {cohort.value: dg.MetadataValue.json(figures(each)) for cohort, each in tallies.items()}
        )
        fail_if_unanswered(tallies)


@dg.op
async def count_lookups(context: dg.OpExecutionContext, database: DatabaseResource) -> None:
    """Count the lookups that a run would make; LML is not called."""
    with dry_step(context, "library_artwork_dry_run") as totals:
        ranges = known_ranges(ranges_of_run(context) or library_ranges.get_partition_keys())
        async with database.open() as opened:
            plan = asdict(await plan_lookups(ArtworkStore(opened, ArtworkConfig().scope()), ranges))
        totals.add({f"artwork.{name}": number for name, number in plan.items()})
        print_json(plan)
        context.add_output_metadata(plan)


@dg.op
async def count_states(
    context: dg.OpExecutionContext, database: DatabaseResource, scope: ScopeResource
) -> None:
    """Count the library's records by state; no snapshot is stored, and nothing is judged."""
    with dry_step(context, "library_coverage_dry_run") as totals:
        async with database.open() as opened:
            counted = await CoverageStore(opened).by_state(scope.scope())
        states = {f"{cohort}.{state}": rows for (cohort, state), rows in sorted(counted.items())}
        totals.add(states)
        print_json(states)
        context.add_output_metadata(states)


@dg.op
async def count_doubts(context: dg.OpExecutionContext, database: DatabaseResource) -> None:
    """Count the doubts that a run would find; none is stored."""
    with dry_step(context, "library_doubts_dry_run") as totals:
        async with database.open() as opened:
            counted = await preview_doubts(DoubtStore(opened), context.run_id)
        doubts = {f"doubts.{reason}": records for reason, records in counted.items()}
        totals.add(doubts)
        print_json(doubts)
        context.add_output_metadata(doubts)


@dg.op
async def count_labels(context: dg.OpExecutionContext, database: DatabaseResource) -> None:
    """Count the labels of the newest sample; no estimate is stored, and nothing is judged."""
    with dry_step(context, "library_precision_dry_run") as totals:
        async with database.open() as opened:
            found = await measure_newest(opened)
        labels = {str(each.kind): each.overall.labelled for each in found.measured} if found else {}
        totals.add(labels)
        print_json(labels)
        context.add_output_metadata(labels)


async def plan_refresh(database: DatabaseResource, batch_size: int) -> RefreshPlan:
    """Return what a refresh of the active rotation would do; raises dg.Failure."""
    async with database.open() as opened:
        active = await RotationStore(opened).active()
    affordable = affordable_batch(batch_size, settings.lml_rate_per_min)
    return cache_refresh.plan_refresh(active.identity_ids, affordable)


@dg.op
async def count_refreshes(
    context: dg.OpExecutionContext, config: RefreshConfig, database: DatabaseResource
) -> None:
    """Count the identities in rotation and the batches they make; LML is not called."""
    with dry_step(context, "rotation_dry_run") as totals:
        planned = asdict(await plan_refresh(database, config.batch_size))
        totals["backfill.identities_scanned"] = planned["identities"]
        totals["backfill.dry_run"] = True
        print_json(planned)
        context.log.info(f"A refresh would take {planned}.")
        context.add_output_metadata(planned)


def dry_run_job(name: str, *steps: dg.OpDefinition, description: str) -> dg.JobDefinition:
    """Return a job of these steps of dry runs, none of which waits for another."""

    @dg.job(name=name, description=description)
    def dry_run() -> None:
        for step in steps:
            step()

    return dry_run


library_identity_dry_run = dry_run_job(
    "library_identity_dry_run",
    ask_and_count,
    description="What a run of the identity graph would do; nothing is written.",
)
rotation_dry_run = dry_run_job(
    "rotation_dry_run",
    count_refreshes,
    description="What a refresh of the rotation would do; LML is not called.",
)
