"""What must be true before anything is refreshed, as one recipe for checks and asset."""

import dagster as dg
from pydantic import Field

from wxyc_assets.adapters.github import open_github
from wxyc_assets.adapters.lml.client import LmlClient
from wxyc_assets.adapters.postgres.rotation_store import ActiveRotation
from wxyc_assets.flows.rotation import deploy_gate
from wxyc_assets.settings import settings

OFFENDERS_SHOWN = 50


class RotationGates(dg.ConfigurableResource):
    """Both gates before the refresh."""

    floor: float = Field(
        default=settings.gate_rotation,
        ge=0,
        le=1,
        description="Share of the active rotation that must have an identity.",
    )
    local_dev: bool = settings.local_dev
    github_api_url: str = settings.github_api_url
    github_token: str

    def identified(self, active: ActiveRotation) -> dg.AssetCheckResult:
        """Whether enough of the active rotation has an identity."""
        return dg.AssetCheckResult(
            passed=active.identified_share >= self.floor,
            description=_how_many_identified(active, self.floor),
            metadata={
                "active": active.releases,
                "identified": active.releases - len(active.unidentified),
                "share": active.identified_share,
                "floor": self.floor,
                "offenders": dg.MetadataValue.json(
                    [
                        f"{each.rotation_id}: {each.artist_name} - {each.album_title}"
                        for each in active.unidentified[:OFFENDERS_SHOWN]
                    ]
                ),
            },
        )

    async def served(self, lml: LmlClient) -> dg.AssetCheckResult:
        """Whether the LML that is running has the refresh; never raises for LML's sake."""
        async with open_github(self.github_api_url, token=self.github_token) as commits:
            gate = await deploy_gate.check_deploy_gate(lml, commits, local_dev=self.local_dev)
        return dg.AssetCheckResult(passed=gate.is_open, description=gate.reason)


def _how_many_identified(active: ActiveRotation, floor: float) -> str:
    if not active.releases:
        return "The rotation is empty: there is nothing to identify."
    return (
        f"{active.releases - len(active.unidentified)} of {active.releases} active rotation "
        f"releases have an LML identity: {active.identified_share:.2%}, the floor is {floor:.2%}."
    )
