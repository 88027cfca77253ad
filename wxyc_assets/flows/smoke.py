"""The smoke test of an LML: questions that write nothing of ours.

The last one has LML refresh its cache for one identity in rotation, as a run would.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import assert_never

from wxyc_assets.adapters.github import CommitComparison
from wxyc_assets.adapters.lml.client import LmlClient
from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.adapters.lml.health import Health
from wxyc_assets.adapters.postgres.rotation_store import RotationStore
from wxyc_assets.domain.candidates import CONTROL_RECORD
from wxyc_assets.domain.refreshes import Refreshed, RefreshStatus
from wxyc_assets.flows.rotation import deploy_gate

EMPTY_REFRESH_STATUS = 422
REFRESHED = frozenset({RefreshStatus.WARMED, RefreshStatus.NOT_IMPLEMENTED})


@dataclass(frozen=True, slots=True)
class SmokeLine:
    """One question: what we expect, and what we found."""

    question: str
    expected: str
    found: str
    is_well: bool


async def smoke(
    lml: LmlClient,
    commits: CommitComparison,
    *,
    local_dev: bool,
    rotation: RotationStore | None,
) -> AsyncGenerator[SmokeLine]:
    """Yield a line per question as it is answered; report an LmlError, raise a DatabaseError.

    Without a `rotation` nothing is refreshed.
    """
    health_line, health = await _health(lml)
    yield health_line
    gate_line = await _gate(health, lml, commits, local_dev=local_dev)
    yield gate_line
    yield await _resolve(lml)
    yield await _lookup(lml)
    yield await _empty_refresh(lml)
    if rotation:
        yield await _refresh(lml, rotation, is_gate_open=gate_line.is_well)


async def _health(lml: LmlClient) -> tuple[SmokeLine, Health | None]:
    question, expected = "GET /health", "healthy, the breaker towards Discogs closed"
    try:
        health = await lml.health(deploy_gate.HEALTH_SECONDS)
    except LmlError as error:
        return SmokeLine(question, expected, str(error), False), None
    found = (
        f"{health.status}, breaker {health.breaker}, version {health.version}, "
        f"commit {health.commit_sha}"
    )
    is_well = health.status == "healthy" and health.is_breaker_closed
    return SmokeLine(question, expected, found, is_well), health


async def _gate(
    health: Health | None, lml: LmlClient, commits: CommitComparison, *, local_dev: bool
) -> SmokeLine:
    question, expected = "the deploy gate of the refresh", "open"
    if health is None:
        return SmokeLine(question, expected, "unknown: LML did not say which commit it runs", False)
    gate = await deploy_gate.evaluate_health(health, lml, commits, local_dev=local_dev)
    return SmokeLine(question, expected, gate.reason, gate.is_open)


async def _resolve(lml: LmlClient) -> SmokeLine:
    question, expected = "bulk-resolve of one record", "one answer, of a known kind"
    try:
        resolved = await lml.resolve([CONTROL_RECORD])
    except LmlError as error:
        return SmokeLine(question, expected, str(error), False)
    answers = resolved.answers
    kinds = [each.kind for each in answers.answered]
    said = [*kinds, *answers.invalid.values(), *answers.unwritable.values()]
    found = f"{', '.join(said) or 'no usable answer'} in {resolved.latency_ms:.0f} ms"
    return SmokeLine(question, expected, found, len(kinds) == 1 and not answers.untrusted)


async def _lookup(lml: LmlClient) -> SmokeLine:
    question, expected = "lookup of one record", "an answer, not timed out and not degraded"
    try:
        result = await lml.lookup(CONTROL_RECORD.artist_name, CONTROL_RECORD.album_title)
    except LmlError as error:
        return SmokeLine(question, expected, str(error), False)
    found = result.answer.found
    number = len(found.results)
    results = "1 result" if number == 1 else f"{number} results"
    completeness = "incomplete" if found.is_incomplete else "complete"
    said = f"{results}, {completeness}, in {result.latency_ms:.0f} ms"
    return SmokeLine(question, expected, said, not found.is_incomplete)


async def _empty_refresh(lml: LmlClient) -> SmokeLine:
    question, expected = "refresh of nothing", f"HTTP {EMPTY_REFRESH_STATUS}, and nothing changes"
    try:
        status = await lml.probe_refresh()
    except LmlError as error:
        return SmokeLine(question, expected, str(error), False)
    return SmokeLine(question, expected, f"HTTP {status}", status == EMPTY_REFRESH_STATUS)


async def _refresh(lml: LmlClient, rotation: RotationStore, *, is_gate_open: bool) -> SmokeLine:
    question = "refresh of one identity in rotation, about 4 Discogs requests"
    expected = "warmed, as LML knows it"
    identity_ids = (await rotation.active()).identity_ids
    if not identity_ids:
        return SmokeLine(question, expected, "not asked: nothing in rotation has an identity", True)
    if not is_gate_open:
        return SmokeLine(question, expected, "not asked: the deploy gate is not open", False)
    identity_id = identity_ids[-1]
    try:
        refreshed = await lml.refresh([identity_id])
    except LmlError as error:
        return SmokeLine(question, expected, str(error), False)
    result = refreshed.results[identity_id]
    found = f"identity {identity_id}: {_result(result)}, in {refreshed.latency_ms:.0f} ms"
    return SmokeLine(question, expected, found, result.status in REFRESHED)


def _result(result: Refreshed) -> str:
    match result.status:
        case RefreshStatus.WARMED:
            return f"warmed (releases {result.warmed_releases}, artists {result.warmed_artists})"
        case RefreshStatus.DRIFT:
            return result.said
        case RefreshStatus.NOT_FOUND | RefreshStatus.NOT_IMPLEMENTED | RefreshStatus.ERROR:
            return result.status
        case _:
            assert_never(result.status)
