"""The active rotation with its identities, and the gates before a refresh."""

from collections.abc import Mapping

import dagster as dg

from wxyc_assets.adapters.lml.caller import CallerReason
from wxyc_assets.adapters.lml.client import LmlClient
from wxyc_assets.adapters.postgres.rotation_store import RotationStore
from wxyc_assets.defs.catalog import what_to_do
from wxyc_assets.defs.freshness import report_read
from wxyc_assets.defs.instrumentation import prepare_process
from wxyc_assets.defs.lml_resource import LmlResource
from wxyc_assets.defs.resources import DatabaseResource, RotationGates
from wxyc_assets.defs.selection import require_selection
from wxyc_assets.domain.percent import percent
from wxyc_assets.domain.rotation import ActiveRotation, IdentifiedCount, RotationBasis

UNIDENTIFIED_SHOWN = 50

WHICH = {
    RotationBasis.RESOLVABLE: "active rotation releases with a Discogs release",
    RotationBasis.ABSOLUTE: "active rotation releases",
}

rotation = dg.AssetSpec(
    "rotation",
    description="Releases in heavy rotation, a few hundred; the Backend's own table.",
)


@dg.asset(deps=[rotation])
async def rotation_identities(
    context: dg.AssetExecutionContext, database: DatabaseResource
) -> None:
    """An active rotation release and its LML identity, as the Backend's `rotation` has them."""
    require_selection(context.run)
    async with database.open() as opened:
        active = await RotationStore(opened).active()
    report_read(context.instance, "rotation", active_releases=len(active.releases))
    context.add_output_metadata(
        {
            "dagster/row_count": len(active.releases),
            "identified": active.count(RotationBasis.ABSOLUTE).identified,
            "resolvable": active.count(RotationBasis.RESOLVABLE).releases,
            "unidentified": len(active.unidentified(RotationBasis.ABSOLUTE)),
            "distinct_identities": len(active.identity_ids),
        }
    )


@dg.asset_check(asset=rotation_identities, blocking=True)  # pyright: ignore[reportArgumentType]
async def rotation_is_identified(
    database: DatabaseResource, rotation_gates: RotationGates
) -> dg.AssetCheckResult:
    """The rotation: the share of active releases with an LML identity reaches the floor.

    By default of those with a Discogs release; GATE_ROTATION_BASIS decides.
    """
    async with database.open() as opened:
        return check_identified(await RotationStore(opened).active(), rotation_gates)


@dg.asset_check(asset=rotation_identities, blocking=True)  # pyright: ignore[reportArgumentType]
async def lml_serves_the_refresh(
    database: DatabaseResource, lml: LmlResource, rotation_gates: RotationGates
) -> dg.AssetCheckResult:
    """The rotation: this LML has the refresh, by its commit, or by an empty refresh."""
    prepare_process()
    async with database.open() as opened, lml.open(opened, CallerReason.ROTATION) as client:
        return await check_deploy(client, rotation_gates)


def check_identified(active: ActiveRotation, gates: RotationGates) -> dg.AssetCheckResult:
    """Compare the identified share of the active rotation with the gate's floor."""
    basis = RotationBasis(gates.basis)
    unidentified = active.unidentified(basis)[:UNIDENTIFIED_SHOWN]
    counts = {each: active.count(each) for each in RotationBasis}
    return dg.AssetCheckResult(
        passed=counts[basis].reaches(gates.floor),
        description=_how_many_identified(counts, basis, gates.floor),
        metadata={
            **{f"active.{each}": count.releases for each, count in counts.items()},
            **{f"identified.{each}": count.identified for each, count in counts.items()},
            **{f"share.{each}": count.share for each, count in counts.items()},
            "basis": basis.value,
            "floor": gates.floor,
            **what_to_do("rotation_is_identified"),
            "offenders": dg.MetadataValue.json(
                [
                    f"{each.rotation_id}: {each.artist_name} - {each.album_title}"
                    for each in unidentified
                ]
            ),
        },
    )


def _how_many_identified(
    counts: Mapping[RotationBasis, IdentifiedCount], basis: RotationBasis, floor: float
) -> str:
    (other,) = set(RotationBasis) - {basis}
    if not counts[basis].releases:
        return f"There are no {WHICH[basis]}: nothing can be refreshed, or the table is wrong."
    return (
        f"{_of(counts[basis])} {WHICH[basis]} have an LML identity, the floor is {percent(floor)}; "
        f"of the {WHICH[other]} {_of(counts[other])}."
    )


def _of(count: IdentifiedCount) -> str:
    return f"{count.identified} of {count.releases} ({percent(count.share)})"


async def check_deploy(client: LmlClient, gates: RotationGates) -> dg.AssetCheckResult:
    """Check that this LML has the refresh."""
    gate = await gates.check_deploy(client)
    return dg.AssetCheckResult(
        passed=gate.is_open,
        description=gate.reason,
        metadata=what_to_do("lml_serves_the_refresh"),
    )
