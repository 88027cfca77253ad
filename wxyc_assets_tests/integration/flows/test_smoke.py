"""The smoke test, against pretend LMLs that are healthy and unhealthy."""

from typing import Any

import httpx
import pytest

from wxyc_assets.adapters.budget.shared_budget import open_budget
from wxyc_assets.adapters.github import open_github
from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.flows.smoke import Line, smoke
from wxyc_sandbox.in_memory_budget import InMemoryBudget
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.lml.settings import LmlSettings


async def lines(pretend: PretendLml) -> list[Line]:
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
        return [line async for line in smoke(client, commits, local_dev=False)]


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
