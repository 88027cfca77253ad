"""The job that accepts the newest coverage snapshot although checks failed on it."""

import dagster as dg
from pydantic import Field

from wxyc_assets.defs.resources import DatabaseResource
from wxyc_assets.flows.coverage.acceptance import NotAccepted, accept_newest


class AcceptanceConfig(dg.Config):
    """The person who accepts the snapshot, and the reason; both go on record."""

    by: str = Field(description="Who accepts it.")
    why: str = Field(description="The intended change, such as: 5,000 records were withdrawn.")


@dg.op
async def accept_newest_snapshot(
    context: dg.OpExecutionContext, config: AcceptanceConfig, database: DatabaseResource
) -> None:
    """Accept the newest snapshot as the baseline of later ones."""
    async with database.open() as opened:
        try:
            accepted = await accept_newest(opened, accepted_by=config.by, why=config.why)
        except NotAccepted as refused:
            raise dg.Failure(str(refused), allow_retries=False) from None
    context.log.info(f"The snapshot of run {accepted.run_id} is the baseline now.")


@dg.job(
    description="Accepts the newest coverage snapshot as the baseline although checks failed: for "
    "an intended change, such as records that were withdrawn.",
)
def accept_coverage() -> None:
    accept_newest_snapshot()
