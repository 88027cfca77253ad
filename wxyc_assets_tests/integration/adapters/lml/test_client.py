"""Bulk-resolve calls, through the real client."""

import asyncio
import socket
import socketserver
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.adapters.lml import bulk_resolve
from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.adapters.lml.errors import (
    LmlContractBroken,
    LmlError,
    LmlRefused,
    LmlRejectedBatch,
    LmlUnavailable,
    LmlUnreachable,
)
from wxyc_assets.domain.candidates import Candidate, Cohort
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.in_flight import InFlight
from wxyc_sandbox.lml.app import PretendLml as PretendLml
from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.lml.server import serve
from wxyc_sandbox.virtual_time import run_virtually

RECORDS = [
    Candidate(1, "Juana Molina", "DOGA", 11, Cohort.NON_VA),
    Candidate(2, "Stereolab", "Aluminum Tunes", 12, Cohort.NON_VA),
    Candidate(3, "Various Artists", "Sonamos", 13, Cohort.VA),
]


@asynccontextmanager
async def mounted(pretend: PretendLml, **more: Any) -> AsyncGenerator[lml.LmlClient]:
    transport = httpx.ASGITransport(app=pretend)  # pyright: ignore[reportArgumentType]
    async with connected("http://lml", transport=transport, **more) as client:
        yield client


@asynccontextmanager
async def connected(url: str, **more: Any) -> AsyncGenerator[lml.LmlClient]:
    usual: dict[str, Any] = {"api_key": None, "budget": InFlight(2), "timeout_seconds": 20.0}
    async with lml.open_lml(url, **usual | more) as client:
        yield client


async def error_of(pretend: PretendLml, **more: Any) -> LmlError:
    async with mounted(pretend, **more) as client:
        with pytest.raises(LmlError) as caught:
            await client.resolve(RECORDS)
    return caught.value


def saying(**changes: Any) -> PretendLml:
    fault: dict[str, Any] = {"kind": "status"}
    return PretendLml(AT_ONCE, faults=[Fault(**fault | changes)])


async def test_every_row_is_answered_by_its_id() -> None:
    async with mounted(PretendLml(AT_ONCE)) as client:
        resolved = await client.resolve(RECORDS)
    answers = {each.library_id: each for each in resolved.answers.answered}
    assert answers.keys() == {1, 2, 3}
    assert answers[3].kind == "compilation"
    assert resolved.answers.tracks_contract_version == 1
    assert resolved.latency_ms >= 0
    assert resolved.answers.cache_stats["pg_hits"] == 3


async def test_lml_is_asked_in_its_own_words_tracks_included() -> None:
    asked: list[Any] = []

    def answers(row: dict[str, Any]) -> None:
        asked.append(row)

    async with mounted(PretendLml(AT_ONCE, answers=answers)) as client:
        resolved = await client.resolve(RECORDS[2:])
    (answer,) = resolved.answers.answered
    assert isinstance(answer.words["tracks"], list)
    assert asked == [
        {
            "library_id": 3,
            "artist_name": "Various Artists",
            "album_title": "Sonamos",
            "legacy_release_id": 13,
        }
    ]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_later_please_is_unavailable(status: int) -> None:
    error = await error_of(saying(status=status))
    assert type(error) is LmlUnavailable
    assert (error.status, error.retry_after) == (status, None)
    assert f"HTTP {status}" in str(error)


@pytest.mark.parametrize("status", [413, 422])
async def test_a_no_to_what_was_asked_is_a_rejected_batch(status: int) -> None:
    assert type(await error_of(saying(status=status))) is LmlRejectedBatch


@pytest.mark.parametrize("status", [201, 204, 301, 302, 400, 401, 403, 404, 405, 410, 418, 501])
async def test_any_other_status_is_a_no_that_stays_a_no(status: int) -> None:
    assert type(await error_of(saying(status=status))) is LmlRefused


@pytest.mark.parametrize(
    ("status", "advice"),
    [(401, "Set LML_API_KEY"), (403, "wrong, rotated or revoked"), (404, "LIBRARY_METADATA_URL")],
)
async def test_a_no_comes_with_what_to_do(status: int, advice: str) -> None:
    assert advice in str(await error_of(saying(status=status)))


@pytest.mark.parametrize("kind", ["malformed", "results_missing", "results_null"])
async def test_a_200_that_is_no_answer_breaks_the_contract(kind: str) -> None:
    error = await error_of(saying(kind=kind))
    assert type(error) is LmlContractBroken
    assert bulk_resolve.PATH in str(error)


@pytest.mark.parametrize("body", ["html", "empty", "text"])
async def test_a_200_of_another_kind_breaks_the_contract(body: str) -> None:
    assert type(await error_of(saying(status=200, body=body))) is LmlContractBroken


@pytest.mark.parametrize("body", ["html", "empty", "text", "json"])
async def test_an_error_is_told_by_its_status_whatever_its_body(body: str) -> None:
    assert isinstance(await error_of(saying(status=502, body=body)), LmlUnavailable)


@pytest.mark.parametrize(
    ("key", "message"), [(None, "Missing authorization"), ("old", "Invalid token")]
)
async def test_a_missing_and_a_wrong_key_are_told_in_lmls_words(
    key: str | None, message: str
) -> None:
    pretend = PretendLml(AT_ONCE.changed({"api_key": "sesame"}))
    error = await error_of(pretend, api_key=key)
    assert type(error) is LmlRefused
    assert message in str(error)
    assert "old" not in str(error)


async def test_the_key_opens() -> None:
    pretend = PretendLml(AT_ONCE.changed({"api_key": "sesame"}))
    async with mounted(pretend, api_key="sesame") as client:
        assert len((await client.resolve(RECORDS)).answers.answered) == 3


async def retry_after_of(header: str, **others: str) -> float | None:
    def later(request: httpx.Request) -> httpx.Response:
        given = {"Retry-After": header, **others}.items()
        headers = [(name.encode(), value.encode()) for name, value in given]
        return httpx.Response(429, headers=headers)

    async with connected("http://lml", transport=httpx.MockTransport(later)) as client:
        with pytest.raises(LmlUnavailable) as caught:
            await client.resolve(RECORDS)
    return caught.value.retry_after


async def test_retry_after_is_read_in_seconds() -> None:
    error = await error_of(saying(status=429, retry_after_seconds=17))
    assert isinstance(error, LmlUnavailable)
    assert error.retry_after == 17.0


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_read_as_a_date(status: int) -> None:
    error = await error_of(
        saying(status=status, retry_after_seconds=3600, retry_after_as_date=True)
    )
    assert isinstance(error, LmlUnavailable)
    assert error.retry_after is not None
    assert 3000 < error.retry_after <= 3600


async def test_a_date_is_taken_by_the_clock_of_who_wrote_it() -> None:
    theirs = datetime.now(UTC) + timedelta(minutes=10)
    until = format_datetime(theirs + timedelta(seconds=30))
    assert await retry_after_of(until, Date=format_datetime(theirs)) == 30


async def test_a_date_that_is_over_means_at_once() -> None:
    assert await retry_after_of(format_datetime(datetime.now(UTC) - timedelta(days=1))) == 0.0


@pytest.mark.parametrize(
    "header",
    [
        "",
        "soon",
        "-3",
        "1.5",
        "Mon, 20 Nov 1995",
        "Mon, 99 Nov 1995 19:12:08 GMT",
        "Mon, 20 Nov 1995 19:12:08 +99999999999999",
        "Mon, 20 Nov 0000 19:12:08 GMT",
        "²",
    ],
)
async def test_a_retry_after_that_cannot_be_read_is_none(header: str) -> None:
    waits = await retry_after_of(header)
    assert waits in (None, 0.0)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_no_retry_after_header_ever_spoils_the_error(header: str) -> None:
    waits = asyncio.run(retry_after_of(header))
    assert waits is None or waits >= 0


@pytest.mark.parametrize("kind", ["stalled_head", "stalled_body"])
def test_a_stalled_answer_costs_the_timeout_and_no_more(kind: str) -> None:
    async def asked() -> tuple[LmlError, float]:
        loop = asyncio.get_running_loop()
        error = await error_of(saying(kind=kind, seconds=600), timeout_seconds=60)
        return error, loop.time()

    error, seconds = run_virtually(asked())
    assert type(error) is LmlUnavailable
    assert "no whole answer within 60 s" in str(error)
    assert seconds == 60


def test_waiting_for_a_place_is_not_part_of_the_timeout() -> None:
    async def asked() -> int:
        slow = PretendLml(AT_ONCE.changed({"base_latency_seconds": 40.0}))
        async with mounted(slow, budget=InFlight(1), timeout_seconds=60) as client:
            await asyncio.gather(*(client.resolve(RECORDS) for _ in range(5)))
        return slow.counters.most_in_flight

    assert run_virtually(asked()) == 1


@pytest.mark.parametrize("kind", ["closed_head", "closed_body"])
async def test_a_connection_that_closes_in_the_middle_is_unavailable(kind: str) -> None:
    pretend = saying(kind=kind)
    with serve(pretend) as url:
        async with connected(url) as client:
            with pytest.raises(LmlUnavailable) as caught:
                await client.resolve(RECORDS)
    assert type(caught.value) is LmlUnavailable


@pytest.mark.parametrize("kind", ["stalled_head", "stalled_body"])
async def test_over_a_real_connection_a_stall_ends_in_the_timeout(kind: str) -> None:
    with serve(saying(kind=kind, seconds=600)) as url:
        async with connected(url, timeout_seconds=0.3) as client:
            with pytest.raises(LmlUnavailable, match=r"no whole answer within 0\.3 s"):
                await client.resolve(RECORDS)


@contextmanager
def listening(answer: bytes = b"") -> Generator[int]:
    """A port that accepts one connection after the other, and says no more than `answer`."""

    class Said(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65_536)
            self.request.sendall(answer)
            self.request.recv(65_536)  # until the client gives up

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Said) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        yield server.server_address[1]
        server.shutdown()
        serving.join()


HALF_A_HELLO = b"\x16\x03\x03\x00\x7a\x02\x00"


@pytest.mark.parametrize("answer", [b"", HALF_A_HELLO], ids=["silent", "half a hello"])
async def test_a_stalled_tls_handshake_is_no_connection_and_leaves_none(answer: bytes) -> None:
    with listening(answer) as port:  # ends when the client has closed the connection
        async with connected(f"https://127.0.0.1:{port}", timeout_seconds=0.9) as client:
            with pytest.raises(LmlUnreachable, match="ConnectTimeout"):
                await client.resolve(RECORDS)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_named_and_not_followed(status: int) -> None:
    elsewhere = PretendLml(AT_ONCE)
    with serve(elsewhere) as other:
        target = other.replace("//", "//dj:hush@")
        head = f"HTTP/1.1 {status} Moved\r\nContent-Length: 0\r\nConnection: close\r\n"
        with listening(f"{head}Location: {target}/sesame?key=sesame\r\n\r\n".encode()) as port:
            async with connected(f"http://127.0.0.1:{port}", api_key="sesame") as client:
                with pytest.raises(LmlRefused) as caught:
                    await client.resolve(RECORDS)
    assert f"It redirects to {other}/[hidden], which is not followed" in str(caught.value)
    assert "Is LIBRARY_METADATA_URL right?" in str(caught.value)
    assert not any(secret in str(caught.value) for secret in ("hush", "sesame"))
    assert elsewhere.counters.calls == {}


async def test_a_probe_asks_about_nothing() -> None:
    pretend = PretendLml(AT_ONCE.changed({"api_key": "sesame"}))
    async with mounted(pretend, api_key="sesame") as client:
        await client.probe_resolve()
    assert pretend.counters.calls == {}
    async with mounted(pretend, api_key="another") as client:
        with pytest.raises(LmlRefused, match="LML_API_KEY is wrong"):
            await client.probe_resolve()


@pytest.mark.parametrize("ending", ["", "/", "/api/v1", "/api/v1/"])
async def test_the_address_may_end_as_people_write_it(ending: str) -> None:
    with serve(PretendLml(AT_ONCE)) as url:
        async with connected(url + ending) as client:
            assert len((await client.resolve(RECORDS)).answers.answered) == 3


def nobody_listens() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize("address", [nobody_listens, lambda: "http://lml.invalid"])
async def test_where_nobody_listens_lml_is_unreachable(address: Callable[[], str]) -> None:
    url = address()
    async with connected(url) as client:
        with pytest.raises(LmlUnreachable) as caught:
            await client.resolve(RECORDS)
    assert f"LML cannot be reached at {url}" in str(caught.value)
    assert "Is LIBRARY_METADATA_URL right" in str(caught.value)


@pytest.mark.parametrize("url", ["", "ftp://lml", "lml.example.org", "http://"])
async def test_an_address_that_is_none_is_unreachable(url: str) -> None:
    async with connected(url) as client:
        with pytest.raises(LmlUnreachable):
            await client.resolve(RECORDS)
