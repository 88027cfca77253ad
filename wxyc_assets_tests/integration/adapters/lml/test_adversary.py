"""LML's client against a hostile proxy: bounded memory, and our key in no message."""

import gzip
import json
import subprocess
import sys
import traceback
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.adapters.lml.errors import (
    LmlContractBroken,
    LmlError,
    LmlRefused,
    LmlUnavailable,
)
from wxyc_assets.domain.artwork import Cover, Match, Rules, choose
from wxyc_assets.domain.candidates import Candidate, Cohort
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.covers import album, choice, pretend
from wxyc_assets_tests.support.in_flight import InFlight
from wxyc_sandbox.adversary.modes import Mode
from wxyc_sandbox.adversary.proxy import Hostility, run_adversary
from wxyc_sandbox.lml.app import PretendLml as PretendLml
from wxyc_sandbox.lml.server import serve

KEY = "sesame/of+lml"
RECORDS = [Candidate(each, f"Artist {each}", "Moon Pix", each, Cohort.NON_VA) for each in (1, 2, 3)]
MOST_MIB = 300
"""Several times LML_MAX_ANSWER_MIB, and a fraction of what these answers would take."""


@asynccontextmanager
async def behind(
    hostility: Hostility, app: PretendLml | None = None, **more: Any
) -> AsyncGenerator[lml.LmlClient]:
    usual: dict[str, Any] = {"api_key": KEY, "budget": InFlight(2), "timeout_seconds": 20.0}
    with (
        serve(app or PretendLml(AT_ONCE.changed({"api_key": KEY}))) as lml_url,
        run_adversary(lml_url, hostility) as (url, _),
    ):
        async with lml.open_lml(url, **usual | more) as client:
            yield client


async def error_behind(mode: Mode, **more: Any) -> LmlError:
    async with behind(Hostility(mode), **more) as client:
        with pytest.raises(LmlError) as caught:
            await client.resolve(RECORDS)
    return caught.value


async def test_an_honest_answer_passes_the_proxy() -> None:
    async with behind(Hostility(Mode.HANG_UP, every=2)) as client:
        assert len((await client.resolve(RECORDS)).answers.answered) == 3
        with pytest.raises(LmlUnavailable):
            await client.resolve(RECORDS)


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [
        (Mode.HUGE, "the body is larger than 64 MiB"),
        (Mode.ENDLESS, "the body is larger than 64 MiB"),
        (Mode.BOMB, "the body is larger than 64 MiB"),
        (Mode.DENSE, "cannot be an answer from LML"),
        (Mode.DEEP, "the body is not JSON"),
    ],
)
def test_memory_has_a_bound_whatever_comes(mode: Mode, outcome: str) -> None:
    with serve(PretendLml(AT_ONCE)) as lml_url, run_adversary(lml_url, Hostility(mode)) as (url, _):
        command = [sys.executable, "-m", "wxyc_assets_tests.integration.adapters.lml.asking", url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=True)
    told = json.loads(done.stdout)
    assert told["outcome"].startswith("LmlContractBroken: POST /api/v1/identity/")
    assert outcome in told["outcome"]
    assert told["grown_mib"] < MOST_MIB


async def test_the_limit_is_a_setting() -> None:
    answer = json.dumps({"results": [], "padding": "x" * (2 << 20)}).encode()

    def transport() -> httpx.MockTransport:
        return httpx.MockTransport(lambda _: httpx.Response(200, content=answer))

    usual: dict[str, Any] = {"api_key": None, "budget": InFlight(1), "timeout_seconds": 20.0}
    async with lml.open_lml("http://lml", **usual, transport=transport()) as client:
        assert not (await client.resolve(RECORDS)).answers.answered
    async with lml.open_lml(
        "http://lml", **usual, transport=transport(), max_answer_mib=1
    ) as client:
        with pytest.raises(LmlContractBroken, match="larger than 1 MiB"):
            await client.resolve(RECORDS)


@pytest.mark.parametrize("mode", [Mode.DRIP, Mode.DRIP_HEAD, Mode.STALL])
async def test_who_keeps_us_waiting_costs_the_timeout(mode: Mode) -> None:
    error = await error_behind(mode, timeout_seconds=0.3)
    assert type(error) is LmlUnavailable
    assert "no whole answer within" in str(error)


async def test_a_key_that_appears_twice_is_no_answer() -> None:
    error = await error_behind(Mode.REPEATS)
    assert type(error) is LmlContractBroken
    assert "POST /api/v1/identity/bulk-resolve-libraries: an object repeats the key" in str(error)
    assert "'library_id'" in str(error)


async def test_a_connection_closed_in_the_middle_is_unavailable() -> None:
    assert type(await error_behind(Mode.HANG_UP)) is LmlUnavailable


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        (Mode.ECHO_BODY, LmlContractBroken),
        (Mode.ECHO_STATUS, LmlUnavailable),
        (Mode.ECHO_REFUSAL, LmlRefused),
    ],
)
async def test_a_key_that_is_repeated_appears_in_no_error(mode: Mode, kind: type) -> None:
    error = await error_behind(mode)
    assert type(error) is kind
    assert "hidden" in str(error)
    assert "sesame" not in "".join(traceback.format_exception(error))


async def test_a_key_that_is_repeated_appears_in_no_answer() -> None:
    async with behind(Hostility(Mode.ECHO_ROWS)) as client:
        answers = (await client.resolve(RECORDS)).answers.answered
    assert len(answers) == 3
    assert [each.words["trace"] for each in answers] == ["[hidden]"] * 3
    assert "sesame" not in str(answers)


@pytest.mark.parametrize("body", [b"\\u0073esame\\/of+lml", b"sesame%2Fof%2Blml", KEY.encode()])
async def test_a_key_is_recognised_however_it_is_written(body: bytes) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"not JSON: " + body)

    transport = httpx.MockTransport(echo)
    async with lml.open_lml(
        "http://lml", api_key=KEY, budget=InFlight(1), timeout_seconds=20, transport=transport
    ) as client:
        with pytest.raises(LmlContractBroken) as caught:
            await client.resolve(RECORDS)
    assert "it begins 'not JSON: [hidden]'" in str(caught.value)


@pytest.mark.parametrize("mode", [Mode.LIE, Mode.POISON])
@pytest.mark.parametrize("match", Match)
async def test_no_cover_is_a_script(mode: Mode, match: Match) -> None:
    wanted = next(a for a in map(album, range(1, 100)) if isinstance(choice(a), Cover))
    async with behind(Hostility(mode), pretend(wanted), api_key=None) as client:
        found = (await client.lookup(wanted.artist_name, wanted.album_title)).answer.found
    assert found.results[0].picture
    assert not isinstance(choose(found, wanted, Rules(match=match)), Cover)


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP"])
async def test_a_compressed_answer_is_read(encoding: str) -> None:
    body = gzip.compress(b'{"results": []}')

    def compressed(request: httpx.Request) -> httpx.Response:
        assert request.headers["Accept-Encoding"] == "gzip"
        stream = httpx.ByteStream(body)
        return httpx.Response(200, headers={"Content-Encoding": encoding}, stream=stream)

    async with asked(compressed) as client:
        assert (await client.resolve(RECORDS)).answers.unanswered == {1, 2, 3}


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"no gzip"),
        ("gzip", gzip.compress(b'{"results": []}', mtime=0)[:-4]),
        ("br", b"?"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0)),
    ],
)
async def test_an_encoding_that_cannot_be_read_is_unavailable(encoding: str, body: bytes) -> None:
    def compressed(request: httpx.Request) -> httpx.Response:
        stream = httpx.ByteStream(body)
        return httpx.Response(200, headers={"Content-Encoding": encoding}, stream=stream)

    async with asked(compressed) as client:
        with pytest.raises(LmlUnavailable, match="DecodingError"):
            await client.resolve(RECORDS)


@asynccontextmanager
async def asked(answer: Any) -> AsyncGenerator[lml.LmlClient]:
    async with lml.open_lml(
        "http://lml",
        api_key=None,
        budget=InFlight(1),
        timeout_seconds=20,
        transport=httpx.MockTransport(answer),
    ) as client:
        yield client
