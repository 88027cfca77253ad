"""A lookup and the health route, through the real client."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.adapters.lml.caller import CallerReason
from wxyc_assets.adapters.lml.errors import LmlContractBroken, LmlError, LmlUnavailable
from wxyc_assets.adapters.lml.health import read_health
from wxyc_assets.adapters.lml.lookup import LARGEST_ANSWER_BYTES, read_lookup
from wxyc_assets.adapters.lml.wire import NotAnAnswer
from wxyc_assets.domain.artwork import Found, Picture, Result
from wxyc_assets_tests.support.covers import album, found, pretend
from wxyc_assets_tests.support.in_flight import InFlight
from wxyc_sandbox.lml.app import PretendLml as PretendLml
from wxyc_sandbox.lml.faults import Fault, Kind
from wxyc_sandbox.lml.server import serve

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
WANTED = album(3)


@asynccontextmanager
async def connected(transport: httpx.AsyncBaseTransport) -> AsyncGenerator[lml.LmlClient]:
    async with lml.open_lml(
        "http://lml",
        api_key="key",
        budget=InFlight(1),
        timeout_seconds=20,
        caller=CallerReason.COVERS,
        transport=transport,
    ) as client:
        yield client


@asynccontextmanager
async def mounted(app: PretendLml) -> AsyncGenerator[lml.LmlClient]:
    transport = httpx.ASGITransport(app=app)  # pyright: ignore[reportArgumentType]
    async with connected(transport) as client:
        yield client


async def test_a_lookup_is_batch_traffic_with_a_reason_and_no_budget() -> None:
    heard: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request)
        return httpx.Response(200, json={"results": []})

    async with connected(httpx.MockTransport(answer)) as client:
        await client.lookup("Nilüfer Yanya", "Painless")
    (request,) = heard
    assert (request.method, request.url.path) == ("POST", "/api/v1/lookup")
    assert json.loads(request.content) == {"artist": "Nilüfer Yanya", "album": "Painless"}
    assert request.headers["X-Caller-Class"] == "5"
    assert request.headers["X-Caller-Reason"] == "library-artwork-url-backfill"
    assert request.headers["Authorization"] == "Bearer key"
    assert "X-Caller-Budget-Ms" not in request.headers


async def test_a_lookup_brings_what_was_found() -> None:
    async with mounted(pretend(WANTED)) as client:
        looked_up = await client.lookup(WANTED.artist_name, WANTED.album_title)
    assert looked_up.answer.found == found(WANTED)
    assert looked_up.latency_ms > 0


async def test_a_key_that_is_repeated_is_hidden_before_the_answer_is_kept() -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"results": [], "trace": request.headers["Authorization"]})

    async with lml.open_lml(
        "http://lml",
        api_key="sesame-of-lml",
        budget=InFlight(1),
        timeout_seconds=20,
        transport=httpx.MockTransport(echo),
    ) as client:
        answer = (await client.lookup("Stereolab", "Dots and Loops")).answer
    assert answer.words == {"results": [], "trace": "Bearer [hidden]"}


@pytest.mark.parametrize("kind", ["malformed", "results_missing", "results_null"])
async def test_a_200_without_results_breaks_the_contract(kind: Kind) -> None:
    async with mounted(pretend(WANTED, faults=[Fault(kind)])) as client:
        with pytest.raises(LmlContractBroken, match="/api/v1/lookup"):
            await client.lookup(WANTED.artist_name, WANTED.album_title)


@pytest.mark.parametrize("kind", ["stalled_head", "stalled_body"])
async def test_a_lookup_that_stalls_ends_with_its_timeout(kind: Kind) -> None:
    with serve(pretend(WANTED, faults=[Fault(kind)])) as url:
        async with lml.open_lml(
            url, api_key=None, budget=InFlight(1), timeout_seconds=600, lookup_seconds=0.2
        ) as client:
            with pytest.raises(LmlUnavailable, match=r"no whole answer within 0\.2 s"):
                await client.lookup(WANTED.artist_name, WANTED.album_title)


@pytest.mark.parametrize(
    ("settings", "is_closed"),
    [({}, True), ({"breaker": "open"}, False), ({"breaker": "half-open"}, False)],
)
async def test_health_knows_the_breaker(settings: dict[str, Any], is_closed: bool) -> None:
    app = pretend()
    app.configure(**settings)
    async with mounted(app) as client:
        health = await client.health()
    assert health.is_breaker_closed is is_closed
    assert (health.version, health.commit_sha) == ("1.46.0", None)


async def test_an_lml_that_is_ill_still_tells_its_health() -> None:
    app = pretend()
    app.configure(database_up=False)
    async with mounted(app) as client:
        assert (await client.health()).status == "unhealthy"


@pytest.mark.parametrize("status", [404, 500])
async def test_no_health_is_an_error(status: int) -> None:
    async with mounted(pretend(faults=[Fault("status", status=status)])) as client:
        with pytest.raises(LmlError, match="GET /health"):
            await client.health()


def test_an_answer_is_read() -> None:
    artwork = {
        "artist": "Cat Power",
        "album": "Moon Pix",
        "release_id": 242,
        "artwork_url": "https://x/a.jpeg",
        "confidence": 0.8,
    }
    body = {
        "results": [
            {"library_item": {"id": 77}, "artwork": artwork},
            {"library_item": None, "artwork": None},
        ],
        "search_type": "direct",
        "timeout": False,
        "degraded": True,
    }
    picture = Picture("Cat Power", "Moon Pix", 242, "https://x/a.jpeg", 0.8)
    results = (Result(77, picture), Result(0, None))
    found = read_lookup(json.dumps(body).encode()).found
    assert found == Found(results, "direct", is_incomplete=True)


@pytest.mark.parametrize(
    ("told", "taken"),
    [(1, 1.0), (0.8, 0.8), (None, None), ("1.0", None), (True, None), (1.5, None), (10**400, None)],
)
def test_a_confidence_is_a_share_or_nothing(told: Any, taken: float | None) -> None:
    body = {"results": [{"artwork": {"confidence": told}}]}
    (result,) = read_lookup(json.dumps(body).encode()).found.results
    assert result.picture is not None
    assert result.picture.confidence == taken


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"results": null}', b'{"results": {}}'])
def test_a_body_of_another_shape_is_no_answer(body: bytes) -> None:
    with pytest.raises(NotAnAnswer):
        read_lookup(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"results": [], "deep": ' + b"[" * 300 + b"]" * 300 + b"}",
        b'{"results": [], "deep": "\\u0000", "more": ' + b"[" * 300 + b"]" * 300 + b"}",
        b'{"results": [], "biography": "' + b"x" * LARGEST_ANSWER_BYTES + b'"}',
    ],
)
def test_what_cannot_be_kept_is_no_answer(body: bytes) -> None:
    with pytest.raises(NotAnAnswer):
        read_lookup(body)


@pytest.mark.parametrize(
    ("stats", "calls"),
    [
        ({"api_calls": 5}, 5),
        ({"api_calls": 0}, 0),
        ({"api_calls": -1}, None),
        ({"api_calls": True}, None),
        ({"api_calls": 10**12}, None),
        ({}, None),
        (None, None),
    ],
)
def test_an_answer_says_what_it_cost(stats: Any, calls: int | None) -> None:
    assert (
        read_lookup(json.dumps({"results": [], "cache_stats": stats}).encode()).api_calls == calls
    )


@given(JSON)
def test_whatever_stands_in_results_is_survived(results: Any) -> None:
    body = json.dumps({"results": [results, {"library_item": results, "artwork": results}]})
    found = read_lookup(body.encode()).found
    assert len(found.results) == 2
    assert found.is_empty


@given(JSON)
def test_whatever_health_says_is_survived(said: Any) -> None:
    assert not read_health(json.dumps(said).encode()).is_breaker_closed
