"""Behaviour common to all routes, and the health and OpenAPI routes."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import httpx
import pytest

from wxyc_assets_tests.integration.sandbox.lml.clients import (
    AT_ONCE,
    LOOKUP,
    LOOKUP_BULK,
    REFRESH,
    RESOLVE,
    batch,
    client,
    get,
    post,
)
from wxyc_sandbox.lml.app import PretendLml

PROTECTED = [RESOLVE, LOOKUP, LOOKUP_BULK, REFRESH]
LOCKED = replace(AT_ONCE, api_key="sesame")


@pytest.mark.parametrize("path", PROTECTED)
async def test_no_key_is_401_and_a_wrong_one_403(path: str) -> None:
    lml = PretendLml(LOCKED)
    missing = await post(lml, path, {})
    wrong = await post(lml, path, {}, authorization="Bearer rotated")
    assert (missing.status_code, missing.json()) == (401, {"message": "Missing authorization"})
    assert (wrong.status_code, wrong.json()) == (403, {"message": "Invalid token"})


async def test_the_right_key_opens_and_can_be_rotated() -> None:
    lml = PretendLml(LOCKED)
    opened = await post(lml, RESOLVE, batch(1), authorization="Bearer sesame")
    lml.configure(api_key="another")
    rotated = await post(lml, RESOLVE, batch(1), authorization="Bearer sesame")
    assert (opened.status_code, rotated.status_code) == (200, 403)


@pytest.mark.parametrize("path", ["/health", "/openapi.json"])
async def test_the_open_routes_require_no_key(path: str) -> None:
    assert (await get(PretendLml(LOCKED), path)).status_code == 200


async def test_an_unknown_path_is_404_and_a_wrong_method_405() -> None:
    lml = PretendLml(LOCKED)
    assert (await post(lml, "/api/v2/lookup", {})).status_code == 404
    assert (await get(lml, RESOLVE)).status_code == 405
    assert (await post(lml, "/health", {})).json() == {"message": "Method Not Allowed"}


@pytest.mark.parametrize("path", PROTECTED)
@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
async def test_malformed_json_is_400(path: str, body: bytes) -> None:
    async with client(PretendLml(AT_ONCE)) as http:
        answer = await http.post(path, content=body)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Malformed JSON body")


async def test_a_body_in_several_chunks_is_read_completely() -> None:
    async with client(PretendLml(AT_ONCE)) as http:
        whole = httpx.Request("POST", RESOLVE, json=batch(1, 2)).content

        async def pieces() -> AsyncGenerator[bytes]:
            for at in range(0, len(whole), 7):
                yield whole[at : at + 7]

        answer = await http.post(RESOLVE, content=pieces())
    assert len(answer.json()["results"]) == 2


async def test_health_shows_version_sha_and_breaker() -> None:
    lml = PretendLml(replace(AT_ONCE, commit_sha="8a1344c"))
    lml.configure(breaker="half-open")
    answer = (await get(lml, "/health")).json()
    assert (answer["version"], answer["commit_sha"]) == ("1.46.0", "8a1344c")
    assert (answer["status"], answer["discogs_breaker_state"]) == ("healthy", "half-open")
    assert isinstance(answer["services"], dict)


async def test_health_is_503_without_a_database() -> None:
    answer = await get(PretendLml(replace(AT_ONCE, database_up=False)), "/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
    assert answer.json()["commit_sha"] is None


async def test_health_with_a_closed_breaker_costs_a_discogs_request() -> None:
    lml = PretendLml(AT_ONCE)
    await get(lml, "/health")
    lml.configure(breaker="open")
    await get(lml, "/health")
    assert lml.discogs.requests == 1


async def test_the_openapi_document_names_the_routes() -> None:
    paths = (await get(PretendLml(AT_ONCE), "/openapi.json")).json()["paths"]
    assert set(paths) == {*PROTECTED, "/health"}
