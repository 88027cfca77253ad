"""A dry run of the refresh, as a job of its own: it counts, and calls nothing."""

from dataclasses import asdict

import dagster as dg

from wxyc_assets.adapters.postgres.rotation_store import RotationStore
from wxyc_assets.defs.failures import as_dagster_failure
from wxyc_assets.defs.resources import DatabaseResource
from wxyc_assets.defs.rotation_cache import RefreshConfig
from wxyc_assets.flows.rotation.pipeline import RefreshPlan, plan


async def plan_refresh(database: DatabaseResource, batch_size: int) -> RefreshPlan:
    """What a refresh of the active rotation would do; raises dg.Failure."""
    with as_dagster_failure():
        async with database.open() as opened:
            active = await RotationStore(opened).active()
    return plan(active.identity_ids, batch_size)


@dg.op
async def count_refreshes(
    context: dg.OpExecutionContext, config: RefreshConfig, database: DatabaseResource
) -> None:
    """Counts the identities in rotation and the batches they make."""
    planned = asdict(await plan_refresh(database, config.batch_size))
    context.log.info(f"A refresh would take {planned}.")
    context.add_output_metadata(planned)


@dg.job(description="What a refresh of the rotation would do; LML is not called.")
def rotation_dry_run() -> None:
    count_refreshes()
