"""The smoke test, against pretend LMLs that are healthy and unhealthy."""

from typing import Any

import httpx
import pytest

from wxyc_assets.adapters.budget.shared_budget import open_budget
from wxyc_assets.adapters.github import open_github
from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.rotation_store import RotationStore
from wxyc_assets.flows.smoke import SmokeLine, smoke
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_sandbox.in_memory_budget import InMemoryBudget
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.lml.refresh import STATUSES
from wxyc_sandbox.lml.seeded_random import SeededRandom
from wxyc_sandbox.lml.settings import LmlSettings


async def lines(pretend: PretendLml, rotation: RotationStore | None = None) -> list[SmokeLine]:
    github = httpx.MockTransport(lambda _: httpx.Response(200, json={"status": "ahead"}))
    async with (
        open_budget(InMemoryBudget(), max_in_flight=1, per_minute=0) as budget,
        lml.open_lml(
            "http://lml",
            api_key=None,
            budget=budget,
            timeout_seconds=60,
            transport=httpx.ASGITransport(app=pretend),
        ) as client,
        open_github("http://github", token=None, transport=github) as commits,
    ):
        return [line async for line in smoke(client, commits, local_dev=False, rotation=rotation)]


async def test_a_good_lml_is_well_in_every_line() -> None:
    pretend = PretendLml(LmlSettings(commit_sha="ab" * 20))
    found = await lines(pretend)
    assert len(found) == 5
    assert [line for line in found if not line.is_well] == []
    assert all(line.expected and line.found for line in found)
    assert pretend.counters.calls["health"] == 1
    assert not pretend.counters.refreshed


@pytest.mark.parametrize(
    ("change", "ill"),
    [
        ({"breaker": "half-open"}, [True, False, False, False, False]),
        ({"database_up": False}, [True, False, True, False, False]),
        ({"refresh_exists": False}, [False, True, False, False, True]),
        ({"api_key": "secret"}, [False, True, True, True, True]),
    ],
)
async def test_what_is_ill_shows_in_its_line(change: dict[str, Any], ill: list[bool]) -> None:
    found = await lines(PretendLml(LmlSettings(**change)))
    assert [not line.is_well for line in found] == ill


async def test_an_lml_that_is_down_fails_line_by_line() -> None:
    found = await lines(PretendLml(faults=[Fault("closed_head")]))
    assert [line.is_well for line in found] == [False] * 5


def rotate(backend_db: BackendDb, *identities: int) -> None:
    for identity in identities:
        backend_db.execute(
            "insert into rotation (rotation_bin, lml_identity_id) values ('H', %s)", identity
        )


async def test_one_identity_in_rotation_is_really_refreshed(
    opened: Database, backend_db: BackendDb
) -> None:
    rotate(backend_db, 11, 12, 13)
    pretend = PretendLml()
    found = await lines(pretend, RotationStore(opened))
    assert len(found) == 6
    assert all(line.is_well for line in found)
    assert "about 4 Discogs requests" in found[-1].question
    assert found[-1].found.startswith("identity 13: warmed (releases ")
    assert pretend.counters.refreshed.keys() == {13}


@pytest.mark.parametrize(
    ("change", "found_last"),
    [
        ({"database_up": False}, "HTTP 503"),
        ({"refresh_exists": False}, "not asked: the deploy gate is not open"),
    ],
)
async def test_a_refresh_that_does_not_go_well_shows(
    opened: Database, backend_db: BackendDb, change: dict[str, Any], found_last: str
) -> None:
    rotate(backend_db, 11)
    pretend = PretendLml(LmlSettings(**change))
    last = (await lines(pretend, RotationStore(opened)))[-1]
    assert not last.is_well
    assert found_last in last.found
    assert not pretend.counters.refreshed


@pytest.mark.parametrize("status", ["not_found", "error"])
async def test_an_identity_that_lml_cannot_refresh_shows(
    opened: Database, backend_db: BackendDb, status: str
) -> None:
    identity = next(each for each in range(1, 10_000) if _status(each) == status)
    rotate(backend_db, identity)
    last = (await lines(PretendLml(), RotationStore(opened)))[-1]
    assert not last.is_well
    assert last.found.startswith(f"identity {identity}: {status}, in ")


def _status(identity: int) -> str:
    """Return what the pretend LML says of an identity."""
    random = SeededRandom(LmlSettings().seed, "identity", identity)
    random.below(1_000_000)
    return random.pick(STATUSES)


async def test_a_rotation_without_identities_leaves_nothing_to_refresh(opened: Database) -> None:
    pretend = PretendLml()
    last = (await lines(pretend, RotationStore(opened)))[-1]
    assert last.is_well
    assert last.found == "not asked: nothing in rotation has an identity"
    assert not pretend.counters.refreshed
