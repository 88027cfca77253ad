"""The active rotation and its LML identities, and the two gates before the refresh."""

import dagster as dg

from wxyc_assets.adapters.postgres.rotation_store import RotationStore
from wxyc_assets.defs.failures import as_dagster_failure
from wxyc_assets.defs.resources import DatabaseResource, LmlResource
from wxyc_assets.defs.rotation_gates import RotationGates

rotation = dg.AssetSpec(
    "rotation",
    description="What is played a lot just now, a few hundred releases; Backend's own table.",
)


@dg.asset(deps=[rotation], kinds={"postgres"})
async def rotation_identities(
    context: dg.AssetExecutionContext, database: DatabaseResource
) -> None:
    """An active rotation release and its LML identity, as they stand in Backend's `rotation`."""
    with as_dagster_failure():
        async with database.open() as opened:
            active = await RotationStore(opened).active()
    context.add_output_metadata(
        {
            "dagster/row_count": active.releases,
            "identified": active.releases - len(active.unidentified),
            "unidentified": len(active.unidentified),
            "distinct_identities": len(active.identity_ids),
        }
    )


@dg.asset_check(asset=rotation_identities, blocking=True)  # pyright: ignore[reportArgumentType]
async def rotation_is_identified(
    database: DatabaseResource, rotation_gates: RotationGates
) -> dg.AssetCheckResult:
    """The share of active rotation releases with an LML identity is at or above the floor."""
    with as_dagster_failure():
        async with database.open() as opened:
            return rotation_gates.identified(await RotationStore(opened).active())


@dg.asset_check(asset=rotation_identities, blocking=True)  # pyright: ignore[reportArgumentType]
async def lml_serves_the_refresh(
    database: DatabaseResource, lml: LmlResource, rotation_gates: RotationGates
) -> dg.AssetCheckResult:
    """The LML that is running has the refresh: by its commit, or by an empty refresh."""
    with as_dagster_failure():
        async with database.open() as opened, lml.open(opened) as client:
            return await rotation_gates.served(client)
