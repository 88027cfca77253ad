"""The deploy gate, against the pretend LML and a pretend GitHub."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from wxyc_assets.adapters.budget.shared_budget import open_budget
from wxyc_assets.adapters.github import CompareFailed, open_github
from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.flows.rotation import deploy_gate
from wxyc_assets.flows.rotation.deploy_gate import DeployGateResult
from wxyc_sandbox.in_memory_budget import InMemoryBudget
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.virtual_time import run_virtually

SHA = "0123456789abcdef0123456789abcdef01234567"
GitHub = Callable[[httpx.Request], httpx.Response]


def says(status: str) -> GitHub:
    return lambda request: httpx.Response(200, json={"status": status, "ahead_by": 3})


def nobody(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"GitHub was asked: {request.url}")


async def look(
    pretend: PretendLml, github: GitHub = nobody, *, local_dev: bool = False
) -> DeployGateResult:
    async with (
        open_budget(InMemoryBudget(), max_in_flight=2, per_minute=0) as budget,
        lml.open_lml(
            "http://lml",
            api_key="key",
            budget=budget,
            timeout_seconds=60,
            transport=httpx.ASGITransport(app=pretend),
        ) as client,
        open_github(
            "http://github/api/v3/", token="token", transport=httpx.MockTransport(github)
        ) as commits,
    ):
        return await deploy_gate.check_deploy_gate(client, commits, local_dev=local_dev)


@pytest.mark.parametrize(
    ("relation", "is_open"),
    [("identical", True), ("ahead", True), ("behind", False), ("diverged", False), ("", False)],
)
async def test_a_descendant_of_the_first_commit_serves_the_refresh(
    relation: str, is_open: bool
) -> None:
    gate = await look(PretendLml(LmlSettings(commit_sha=SHA)), says(relation))
    assert gate.is_open is is_open
    assert SHA in gate.reason
    assert repr(relation) in gate.reason


async def test_the_first_commit_itself_needs_no_comparing() -> None:
    assert (await look(PretendLml(LmlSettings(commit_sha="8a1344c" + SHA[7:])))).is_open


async def test_what_github_is_asked() -> None:
    asked: list[httpx.Request] = []

    def github(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"status": "ahead"})

    pretend = PretendLml(LmlSettings(commit_sha=SHA))
    await look(pretend, github)
    (request,) = asked
    path = f"/api/v3/repos/WXYC/library-metadata-lookup/compare/8a1344c...{SHA}"
    assert str(request.url) == f"http://github{path}"
    assert request.headers["authorization"] == "Bearer token"
    assert not pretend.counters.calls["refresh"]


@pytest.mark.parametrize("status", [403, 404, 429, 500])
async def test_without_a_comparison_it_is_shut(status: int) -> None:
    gate = await look(PretendLml(LmlSettings(commit_sha=SHA)), lambda _: httpx.Response(status))
    assert not gate.is_open
    assert str(status) in gate.reason


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html>"])
async def test_a_comparison_of_another_shape_shuts_it(body: bytes) -> None:
    gate = await look(
        PretendLml(LmlSettings(commit_sha=SHA)), lambda _: httpx.Response(200, content=body)
    )
    assert not gate.is_open


async def test_a_github_out_of_reach_shuts_it() -> None:
    def github(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route to host")

    gate = await look(PretendLml(LmlSettings(commit_sha=SHA)), github)
    assert not gate.is_open
    assert "no route to host" in gate.reason


@pytest.mark.parametrize("sha", ["main", "../../user", "8a1344", SHA + "?x=1", "8a1344c/.."])
async def test_what_is_no_commit_shuts_it(sha: str) -> None:
    assert not (await look(PretendLml(LmlSettings(commit_sha=sha)))).is_open


async def test_without_a_commit_the_route_is_probed() -> None:
    pretend = PretendLml()
    gate = await look(pretend)
    assert gate.is_open
    assert "422" in gate.reason
    assert not pretend.counters.rows["refresh"]


@pytest.mark.parametrize(
    ("status", "is_open"),
    [(404, False), (405, False), (401, False), (403, False), (422, True), (500, True), (503, True)],
)
async def test_what_the_probe_means(status: int, is_open: bool) -> None:
    pretend = PretendLml(faults=[Fault("status", route="refresh", status=status)])
    gate = await look(pretend)
    assert gate.is_open is is_open
    assert str(status) in gate.reason


async def test_a_wrong_key_shuts_it() -> None:
    gate = await look(PretendLml(LmlSettings(api_key="another")))
    assert not gate.is_open
    assert "LML_API_KEY" in gate.reason


@pytest.mark.parametrize("route", ["health", "refresh"])
async def test_a_broken_connection_shuts_it(route: str) -> None:
    pretend = PretendLml(faults=[Fault("closed_head", route=route)])  # pyright: ignore
    assert not (await look(pretend)).is_open


async def test_an_ill_lml_still_names_its_commit() -> None:
    pretend = PretendLml(LmlSettings(commit_sha=SHA, database_up=False))
    assert (await look(pretend, says("ahead"))).is_open


async def test_local_dev_opens_it_only_without_a_commit() -> None:
    assert (await look(PretendLml(LmlSettings(refresh_exists=False)), local_dev=True)).is_open
    behind = PretendLml(LmlSettings(commit_sha=SHA))
    assert not (await look(behind, says("behind"), local_dev=True)).is_open


@pytest.mark.parametrize(("route", "seconds"), [("health", 10), ("refresh", 10)])
def test_a_silent_lml_is_waited_for_ten_seconds(route: str, seconds: float) -> None:
    async def waited() -> float:
        pretend = PretendLml(faults=[Fault("stalled_head", route=route)])  # pyright: ignore
        began = asyncio.get_running_loop().time()
        assert not (await look(pretend)).is_open
        return asyncio.get_running_loop().time() - began

    assert run_virtually(waited()) == pytest.approx(seconds, abs=0.1)


def test_a_silent_github_is_waited_for_fifteen_seconds() -> None:
    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(3_600)
            raise AssertionError("nobody waits that long")

    async def waited() -> float:
        began = asyncio.get_running_loop().time()
        async with open_github("http://github", token=None, transport=Silent()) as commits:
            with pytest.raises(CompareFailed, match="15 s"):
                await commits.relation(SHA, base=deploy_gate.FIRST_COMMIT)
        return asyncio.get_running_loop().time() - began

    assert run_virtually(waited()) == pytest.approx(15, abs=0.1)
