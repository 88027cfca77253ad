"""The spans of calls to LML, and the trace headers that go with them."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.adapters.lml.errors import LmlError, LmlUnavailable
from wxyc_assets.adapters.lml.tracing import cache_stats
from wxyc_assets.domain.candidates import Candidate, Cohort
from wxyc_assets.telemetry import sentry
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.in_flight import InFlight
from wxyc_assets_tests.support.spans import attributes, recording, spans_named
from wxyc_sandbox.lml.app import PretendLml as PretendLml
from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.sentry_sink import Sink

RECORDS = [Candidate(n, "Juana Molina", "DOGA", n + 10, Cohort.NON_VA) for n in (1, 2, 3)]
RESOLVE = "lml.bulk_resolve_libraries"


@pytest.fixture
def sink() -> Iterator[Sink]:
    with recording() as sink:
        yield sink


class Listening(httpx.AsyncBaseTransport):
    """Passes requests on to the pretend LML, and keeps their headers."""

    def __init__(self, pretend: PretendLml) -> None:
        self._inner = httpx.ASGITransport(app=pretend)  # pyright: ignore[reportArgumentType]
        self.heard: list[httpx.Headers] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.heard.append(request.headers)
        return await self._inner.handle_async_request(request)


@asynccontextmanager
async def connected(transport: httpx.AsyncBaseTransport) -> AsyncGenerator[lml.LmlClient]:
    async with lml.open_lml(
        "http://lml",
        api_key="sesame",
        budget=InFlight(4),
        timeout_seconds=20,
        transport=transport,
    ) as client:
        yield client


async def test_a_call_is_a_span_with_its_figures(sink: Sink) -> None:
    async with connected(Listening(PretendLml(AT_ONCE))) as client:
        with sentry.step("library_identity", {}):
            await client.resolve(RECORDS)
    (span,) = spans_named(sink, RESOLVE)
    said = attributes(span)
    assert said["sentry.op"] == "http.client"
    assert said["lml.batch_size"] == 3
    assert said["http.response.status_code"] == 200
    assert said["lml.cache.pg_hits"] == 3
    assert span["attributes"]["lml.batch_size"]["type"] == "integer"
    assert span["attributes"]["lml.cache.pg_hits"]["type"] == "integer"


async def test_a_lookup_is_a_batch_of_one(sink: Sink) -> None:
    async with connected(Listening(PretendLml(AT_ONCE))) as client:
        with sentry.step("library_artwork", {}):
            await client.lookup("Stereolab", "Aluminum Tunes")
    said = attributes(spans_named(sink, "lml.lookup")[0])
    assert said["lml.batch_size"] == 1
    assert said["lml.cache.pg_time_ms"] == 3.25


async def test_lml_can_continue_the_trace(sink: Sink) -> None:
    transport = Listening(PretendLml(AT_ONCE))
    async with connected(transport) as client:
        with sentry.step("library_identity", {}):
            await client.resolve(RECORDS)
    (span,) = spans_named(sink, RESOLVE)
    (headers,) = transport.heard
    assert headers["sentry-trace"] == f"{span['trace_id']}-{span['span_id']}-1"
    assert f"sentry-trace_id={span['trace_id']}" in headers["baggage"]


async def test_calls_in_flight_together_are_all_children_of_their_step(sink: Sink) -> None:
    async with connected(Listening(PretendLml(AT_ONCE))) as client:
        with sentry.step("library_identity", {}):
            await asyncio.gather(*(client.resolve(RECORDS) for _ in range(6)))
    (step,) = spans_named(sink, "library_identity.step")
    calls = spans_named(sink, RESOLVE)
    assert [each["parent_span_id"] for each in calls] == [step["span_id"]] * 6
    assert len({each["span_id"] for each in calls}) == 6


@pytest.mark.parametrize("status", [503, 422])
async def test_a_no_is_an_error_with_its_status(sink: Sink, status: int) -> None:
    pretend = PretendLml(AT_ONCE, faults=[Fault(kind="status", status=status)])
    async with connected(Listening(pretend)) as client:
        with pytest.raises(LmlError), sentry.step("library_identity", {}):
            await client.resolve(RECORDS)
    (span,) = spans_named(sink, RESOLVE)
    assert span["status"] == "error"
    assert attributes(span)["http.response.status_code"] == status


async def test_a_call_without_an_answer_is_an_error(sink: Sink) -> None:
    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("gone")

    async with connected(httpx.MockTransport(nobody)) as client:
        with pytest.raises(LmlUnavailable), sentry.step("library_identity", {}):
            await client.resolve(RECORDS)
    (span,) = spans_named(sink, RESOLVE)
    assert span["status"] == "error"
    assert "http.response.status_code" not in attributes(span)


async def test_the_key_is_in_no_span(sink: Sink) -> None:
    async with connected(Listening(PretendLml(AT_ONCE))) as client:
        with sentry.step("library_identity", {}):
            await client.resolve(RECORDS)
    assert spans_named(sink, RESOLVE)
    assert b"sesame" not in b"".join(sink.bodies)


async def test_without_sentry_lml_gets_no_trace() -> None:
    transport = Listening(PretendLml(AT_ONCE))
    async with connected(transport) as client:
        with sentry.step("library_identity", {}):
            await client.resolve(RECORDS)
    assert not {"sentry-trace", "baggage"} & transport.heard[0].keys()


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        ({"cache_stats": {"hits": 1, "ms": 2.5}}, {"hits": 1, "ms": 2.5}),
        ({"cache_stats": {"hits": True, "who": "pg", "none": None, "deep": {"a": 1}}}, {}),
        ({"results": [{"track": '"cache_stats": {"hits": 7}'}], "cache_stats": {"n": 1}}, {"n": 1}),
        ({"cache_stats": None}, {}),
        ({"cache_stats": [1]}, {}),
        ({}, {}),
    ],
)
def test_of_lmls_figures_only_numbers_count(body: Any, numbers: dict[str, float]) -> None:
    assert cache_stats(json.dumps(body).encode()) == numbers


@pytest.mark.parametrize("body", [b'{"cache_stats": {"hits": 1', b'"cache_stats"', b"", b"\xff"])
def test_a_broken_body_has_no_figures(body: bytes) -> None:
    assert cache_stats(body) == {}


def test_a_number_without_end_is_none() -> None:
    huge = b"1" + b"0" * 400
    stats = b'{"a": NaN, "b": Infinity, "c": 1, "d": -1, "e": %b}' % huge
    assert cache_stats(b'{"cache_stats": %b}' % stats) == {"c": 1}
