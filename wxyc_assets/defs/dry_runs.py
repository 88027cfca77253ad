"""Dry runs, as jobs of their own: nothing is written, and no range is shown as materialized."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

import dagster as dg
from pydantic import Field

from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.adapters.postgres.rotation_store import RotationStore
from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.partitions import known_ranges, library_ranges
from wxyc_assets.defs.resources import DatabaseResource, LmlResource, PagesResource, ScopeResource
from wxyc_assets.defs.rotation import RefreshConfig
from wxyc_assets.domain.candidates import Cohort
from wxyc_assets.domain.counters import IdentityTally, by_cohort
from wxyc_assets.flows.identity.dry_run import IdentityDryRun, figures
from wxyc_assets.flows.identity.pipeline import IdentityOptions
from wxyc_assets.flows.rotation import cache_refresh
from wxyc_assets.flows.rotation.cache_refresh import RefreshPlan
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
) -> dict[Cohort, IdentityTally]:
    """Count what a run over these ranges would do; raises dg.Failure."""
    ranges = known_ranges(keys or library_ranges.get_partition_keys())
    options = IdentityOptions(
        run_id="dry run",
        scope=scope.scope(),
        page_sizes=pages.page_sizes(),
        retry_policy=lml.retry_policy(),
        max_in_flight=lml.max_in_flight,
        max_refused_writes=settings.max_refused_writes,
    )
    async with database.open() as opened, lml.open(opened) as client:
        return await IdentityDryRun(IdentityStore(opened), client, options).run(ranges)


def print_counts(tallies: dict[Cohort, IdentityTally]) -> None:
    """Print one JSON object per cohort on stdout: the compilation cohort, then the rest."""
    for cohort in Cohort:
        sys.stdout.write(json.dumps(figures(tallies[cohort])) + "\n")
    sys.stdout.flush()


def fail_if_unanswered(tallies: dict[Cohort, IdentityTally]) -> None:
    """Raise dg.Failure if the real run would leave ranges open."""
    open_rows = sum(sum(tally.unanswered.values()) for tally in tallies.values())
    if open_rows:
        raise dg.Failure(f"LML left {open_rows} rows without an answer; a real run would fail.")


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
    with instrumented(context, "library_identity_dry_run") as totals:
        tallies = await count_identities(
            config.ranges, database=database, lml=lml, scope=scope, pages=pages
        )
        totals.add(by_cohort(tallies))
        print_counts(tallies)
        context.add_output_metadata(
            {cohort.value: dg.MetadataValue.json(figures(each)) for cohort, each in tallies.items()}
        )
        fail_if_unanswered(tallies)


@dg.job(description="What a run of the identity graph would do; nothing is written.")
def library_identity_dry_run() -> None:
    ask_and_count()


async def plan_refresh(database: DatabaseResource, batch_size: int) -> RefreshPlan:
    """Return what a refresh of the active rotation would do; raises dg.Failure."""
    async with database.open() as opened:
        active = await RotationStore(opened).active()
    return cache_refresh.plan_refresh(active.identity_ids, batch_size)


@dg.op
async def count_refreshes(
    context: dg.OpExecutionContext, config: RefreshConfig, database: DatabaseResource
) -> None:
    """Count the identities in rotation and the batches they make."""
    planned = asdict(await plan_refresh(database, config.batch_size))
    context.log.info(f"A refresh would take {planned}.")
    context.add_output_metadata(planned)


@dg.job(description="What a refresh of the rotation would do; LML is not called.")
def rotation_dry_run() -> None:
    count_refreshes()
