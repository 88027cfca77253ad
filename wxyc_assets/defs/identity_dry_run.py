"""A dry run of the identity graph, as a job of its own: it can never show a range as done."""

import json
import sys
from collections.abc import Sequence

import dagster as dg
from pydantic import Field

from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.defs.failures import as_dagster_failure
from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.partitions import known_ranges, library_ranges
from wxyc_assets.defs.resources import DatabaseResource, LmlResource, PagesResource, ScopeResource
from wxyc_assets.domain.candidates import Cohort
from wxyc_assets.domain.counters import UNANSWERED, Tally, by_cohort
from wxyc_assets.flows.identity.batch_resolver import BatchResolver
from wxyc_assets.flows.identity.dry_run import DryRun, figures, keep_nothing


class RangesConfig(dg.Config):
    """Which ranges a dry run looks at."""

    ranges: list[str] = Field(
        default=[], description="Range keys such as 0000001-0002500; none: the whole library."
    )


async def run_dry(
    keys: Sequence[str],
    *,
    database: DatabaseResource,
    lml: LmlResource,
    scope: ScopeResource,
    pages: PagesResource,
) -> dict[Cohort, Tally]:
    """Counts what a run over these ranges would do; raises dg.Failure."""
    ranges = known_ranges(keys or library_ranges.get_partition_keys())
    with as_dagster_failure():
        async with database.open() as opened, lml.open(opened) as client:
            dry_run = DryRun(
                IdentityStore(opened),
                BatchResolver(
                    client, lml.patience(), keep_nothing, max_in_flight=lml.max_in_flight
                ),
                scope=scope.scope(),
                page_sizes=pages.sizes(),
            )
            return await dry_run.run(ranges)


def print_figures(tallies: dict[Cohort, Tally]) -> None:
    """One JSON object a cohort on stdout: the compilation cohort, then the rest."""
    for cohort in Cohort:
        sys.stdout.write(json.dumps(figures(tallies[cohort])) + "\n")
    sys.stdout.flush()


def fail_if_unanswered(tallies: dict[Cohort, Tally]) -> None:
    """Raises dg.Failure when the real run would leave ranges open."""
    open_rows = sum(tally.outcomes[each] for tally in tallies.values() for each in UNANSWERED)
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
    """Asks LML as a real run would, writes nothing, and prints what would be written."""
    with instrumented(context, "library_identity_dry_run") as totals:
        tallies = await run_dry(config.ranges, database=database, lml=lml, scope=scope, pages=pages)
        totals.add(by_cohort(tallies))
        print_figures(tallies)
        context.add_output_metadata(
            {
                cohort.value: dg.MetadataValue.json(figures(tally))
                for cohort, tally in tallies.items()
            }
        )
        fail_if_unanswered(tallies)


@dg.job(description="What a run of the identity graph would do; nothing is written.")
def library_identity_dry_run() -> None:
    ask_and_count()
