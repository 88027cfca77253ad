"""The job that undoes what a run changed; by default it only says what it would undo."""

import dagster as dg
from pydantic import Field

from wxyc_assets.adapters.postgres.journal_store import JournalStore
from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.partitions import library_ranges
from wxyc_assets.defs.resources import DatabaseResource
from wxyc_assets.domain.journal import RevertResult
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.revert import NothingToRevert, plan_revert, revert_run
from wxyc_assets.settings import settings

LEFT_ALONE_SHOWN = 100


class RevertConfig(dg.Config):
    """The run to undo, and who wants it."""

    run_id: str = Field(description="The run whose changes are undone; a revert is a run, too.")
    by: str = Field(description="Who wants it; goes on record.")
    apply: bool = Field(default=False, description="False: only say what would be undone.")


async def revert_or_plan(
    store: JournalStore, run_id: str, *, applies: bool, own_run_id: str, by: str
) -> RevertResult:
    """Revert a run, or say what a revert would do; with DRY_RUN set, always the latter."""
    if not applies or settings.dry_run:
        return await plan_revert(store, run_id)
    ranges = [IdRange.parse(key) for key in library_ranges.get_partition_keys()]
    return await revert_run(store, run_id, ranges, run_id=own_run_id, reverted_by=by)


@dg.op
async def revert_changes(
    context: dg.OpExecutionContext, config: RevertConfig, database: DatabaseResource
) -> None:
    """Bring back what the tables held before a run, where nobody has changed it since."""
    with instrumented(context, "revert_run") as totals:
        async with database.open() as opened:
            try:
                result = await revert_or_plan(
                    JournalStore(opened),
                    config.run_id,
                    applies=config.apply,
                    own_run_id=context.run_id,
                    by=config.by,
                )
            except NothingToRevert as nothing:
                raise dg.Failure(str(nothing), allow_retries=False) from None
        totals.add(result.counters())
        context.add_output_metadata(_metadata(result))


def _metadata(result: RevertResult) -> dict[str, dg.MetadataValue]:
    left = [
        f"{each.library_id} {each.subject}: {each.reason}"
        for each in result.left_alone[:LEFT_ALONE_SHOWN]
    ]
    return {
        **{name: dg.MetadataValue.int(count) for name, count in result.counters().items()},
        "applied": dg.MetadataValue.bool(result.is_applied),
        "left_alone_sample": dg.MetadataValue.json(left),
    }


@dg.job(
    name="revert_run",
    description="Undoes what a run changed: identities, sources, credits, dates of attempts and "
    "covers. What was changed since is left alone and listed. Without `apply` it changes nothing.",
)
def revert_run_job() -> None:
    revert_changes()
