"""The deploy gate: whether the LML that is running serves the refresh at all.

The rules are "The deploy gate for the refresh" in LML's contract.
"""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import httpx

from wxyc_assets.adapters.lml.client import LmlClient, LmlError, quoted
from wxyc_assets.adapters.lml.lookup import Health

FIRST_COMMIT = "8a1344c"
"""LML's first commit with the refresh."""
COMPARE = "/repos/WXYC/library-metadata-lookup/compare"
HEALTH_SECONDS = 10.0
COMPARE_SECONDS = 15.0
COMMIT = re.compile("[0-9a-f]{7,64}")


class CompareFailed(Exception):
    """The compare API gave no verdict."""


@dataclass(frozen=True, slots=True)
class DeployGateResult:
    """Open or shut, and why, in words for people."""

    is_open: bool
    reason: str


class Commits:
    """GitHub's compare API, or one that speaks like it."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def relation(self, commit: str) -> str:
        """How `commit` stands to the first one with the refresh, such as `ahead` or `diverged`.

        Raises CompareFailed.
        """
        path = f"{COMPARE}/{FIRST_COMMIT}...{commit}"
        try:
            async with asyncio.timeout(COMPARE_SECONDS):
                response = await self._http.get(path)
            said: Any = response.json() if response.status_code == 200 else None
        except TimeoutError:
            raise CompareFailed(f"no answer within {COMPARE_SECONDS:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise CompareFailed(repr(error)) from error
        if not isinstance(said, dict):
            raise CompareFailed(f"HTTP {response.status_code} {quoted(response)!r}")
        return str(cast(dict[str, Any], said).get("status"))


async def check_deploy_gate(
    lml: LmlClient, commits: Commits, *, local_dev: bool
) -> DeployGateResult:
    """Asks LML which commit it runs, and the compare API what that means; raises DatabaseError."""
    try:
        health = await lml.health(HEALTH_SECONDS)
    except LmlError as error:
        return DeployGateResult(False, f"LML did not say which commit it runs: {error}")
    return await evaluate_health(health, lml, commits, local_dev=local_dev)


async def evaluate_health(
    health: Health, lml: LmlClient, commits: Commits, *, local_dev: bool
) -> DeployGateResult:
    """What this health means for the gate; raises DatabaseError."""
    if health.commit_sha:
        return await _compared(commits, health.commit_sha.strip().lower())
    if local_dev:
        return DeployGateResult(True, "LOCAL_DEV: an LML without a commit sha is taken as it is")
    return await _probed(lml)


async def _compared(commits: Commits, commit: str) -> DeployGateResult:
    if not COMMIT.fullmatch(commit):
        return DeployGateResult(
            False, f"LML says it runs commit {commit[:80]!r}, which is no commit"
        )
    if commit.startswith(FIRST_COMMIT):
        return DeployGateResult(True, f"LML runs {commit}, the first commit with the refresh")
    try:
        relation = await commits.relation(commit)
    except CompareFailed as error:
        return DeployGateResult(False, f"LML runs {commit}, which could not be compared: {error}")
    return DeployGateResult(
        relation in {"identical", "ahead"},
        f"LML runs {commit}; seen from {FIRST_COMMIT}, the first commit with the refresh, it is "
        f"{relation!r} (it must be identical or ahead)",
    )


async def _probed(lml: LmlClient) -> DeployGateResult:
    try:
        status = await lml.probe_refresh()
    except LmlError as error:
        return DeployGateResult(False, f"LML names no commit, and an empty refresh failed: {error}")
    said = f"LML names no commit, and answers an empty refresh with HTTP {status}"
    if status in {404, 405}:
        return DeployGateResult(False, f"{said}: it does not have the route yet")
    if status in {401, 403}:
        return DeployGateResult(False, f"{said}: LML_API_KEY is missing, wrong, rotated or revoked")
    return DeployGateResult(True, f"{said}: the route is there")


@asynccontextmanager
async def connect(
    url: str, *, token: str | None, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncGenerator[Commits]:
    """The compare API at `url`; `transport` is the test seam."""
    headers = {"Accept": "application/vnd.github+json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    async with httpx.AsyncClient(
        base_url=url.rstrip("/"),
        headers=headers,
        timeout=COMPARE_SECONDS,
        follow_redirects=True,
        transport=transport,
    ) as http:
        yield Commits(http)
