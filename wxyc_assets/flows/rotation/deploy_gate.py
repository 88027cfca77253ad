"""The deploy gate: does the running LML serve the refresh at all?

The rules are "The deploy gate for the refresh" in docs/contracts/lml.md.
"""

import re
from dataclasses import dataclass

from wxyc_assets.adapters.github import CommitComparison, CompareFailed
from wxyc_assets.adapters.lml.client import LmlClient
from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.adapters.lml.health import Health

FIRST_COMMIT = "8a1344c"
"""LML's first commit with the refresh."""
DESCENDANT = frozenset({"identical", "ahead"})
HEALTH_SECONDS = 10.0
COMMIT = re.compile("[0-9a-f]{7,64}")


@dataclass(frozen=True, slots=True)
class DeployGateResult:
    """Open or shut, with the reason in words for people."""

    is_open: bool
    reason: str


async def check_deploy_gate(
    lml: LmlClient, commits: CommitComparison, *, local_dev: bool
) -> DeployGateResult:
    """Evaluate the gate by LML's health and the compare API; raise DatabaseError."""
    try:
        health = await lml.health(HEALTH_SECONDS)
    except LmlError as error:
        return DeployGateResult(False, f"LML did not say which commit it runs: {error}")
    return await evaluate_health(health, lml, commits, local_dev=local_dev)


async def evaluate_health(
    health: Health, lml: LmlClient, commits: CommitComparison, *, local_dev: bool
) -> DeployGateResult:
    """Evaluate the gate for this health of LML; raise DatabaseError."""
    if health.commit_sha:
        return await _evaluate_commit(commits, health.commit_sha.strip().lower())
    if local_dev:
        return DeployGateResult(True, "LOCAL_DEV: an LML without a commit sha is accepted")
    return await _probe(lml)


async def _evaluate_commit(commits: CommitComparison, commit: str) -> DeployGateResult:
    if not COMMIT.fullmatch(commit):
        return DeployGateResult(
            False, f"LML says it runs commit {commit[:80]!r}, which is not a commit"
        )
    if commit.startswith(FIRST_COMMIT):
        return DeployGateResult(True, f"LML runs {commit}, the first commit with the refresh")
    try:
        relation = await commits.relation(commit, base=FIRST_COMMIT)
    except CompareFailed as error:
        return DeployGateResult(False, f"LML runs {commit}, which could not be compared: {error}")
    return DeployGateResult(
        relation in DESCENDANT,
        f"LML runs {commit}; compared with {FIRST_COMMIT}, the first commit with the refresh, it "
        f"is {relation!r} (it must be identical or ahead)",
    )


async def _probe(lml: LmlClient) -> DeployGateResult:
    try:
        status = await lml.probe_refresh()
    except LmlError as error:
        return DeployGateResult(False, f"LML names no commit, and an empty refresh failed: {error}")
    finding = f"LML names no commit, and answers an empty refresh with HTTP {status}"
    if status in {404, 405}:
        return DeployGateResult(False, f"{finding}: it does not have the route yet")
    if status in {401, 403}:
        return DeployGateResult(
            False, f"{finding}: LML_API_KEY is missing, wrong, rotated or revoked"
        )
    return DeployGateResult(True, f"{finding}: the route is there")
