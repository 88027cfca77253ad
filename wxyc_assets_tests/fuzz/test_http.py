"""Whatever comes back over the connection: an answer or an LmlError, in time, without our key."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from wxyc_assets.adapters.lml.client import LmlClient, open_lml
from wxyc_assets.adapters.lml.errors import LmlError, LmlUnavailable
from wxyc_assets.domain.candidates import Candidate, Cohort
from wxyc_assets_tests.fuzz.hostile_http import KEY, responses
from wxyc_assets_tests.support.in_flight import InFlight

TIMEOUT_SECONDS = 0.5
HANGS_AFTER_SECONDS = 60.0
RECORDS = [
    Candidate(each, "Stereolab", "Dots and Loops", each, Cohort.NON_VA) for each in (1, 2, 3)
]
WITH_OUR_TIMEOUT = frozenset({"resolve", "lookup", "health"})
CALLS: dict[str, Callable[[LmlClient], Awaitable[object]]] = {
    "resolve": lambda lml: lml.resolve(RECORDS),
    "probe_resolve": lambda lml: lml.probe_resolve(),
    "lookup": lambda lml: lml.lookup("Stereolab", "Dots and Loops"),
    "refresh": lambda lml: lml.refresh([1, 2]),
    "probe_refresh": lambda lml: lml.probe_refresh(),
    "health": lambda lml: lml.health(TIMEOUT_SECONDS),
}


async def error_of(call: str, response: bytes, *, hangs_up: bool) -> LmlError | None:
    """Return the error of a call to a server that sends these bytes to everybody."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(response)
            await writer.drain()
            await (asyncio.sleep(0) if hangs_up else reader.read())
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        lml = open_lml(
            f"http://127.0.0.1:{port}",
            api_key=KEY,
            budget=InFlight(1),
            timeout_seconds=TIMEOUT_SECONDS,
            lookup_seconds=TIMEOUT_SECONDS,
        )
        async with lml as client:
            try:
                await asyncio.wait_for(CALLS[call](client), HANGS_AFTER_SECONDS)
            except LmlError as error:
                return error
    return None


def refused(header: bytes) -> bytes:
    return b"HTTP/1.1 302 Found\r\n" + header + b"\r\nContent-Length: 9\r\n\r\nnot here\xff"


@example(call="resolve", response=refused(b"Location: http://["), hangs_up=1)
@example(call="resolve", response=refused(b"Content-Type: text/html; charset=idna"), hangs_up=1)
@example(call="resolve", response=refused(b"Content-Type: text/html; charset=utf-16"), hangs_up=1)
@example(call="resolve", response=refused(b"Content-Type: text/html; charset=rot13"), hangs_up=1)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(call=st.sampled_from(sorted(CALLS)), response=responses(), hangs_up=st.integers(0, 9))
def test_every_call_ends_in_an_answer_or_in_an_error_of_ours(
    call: str, response: bytes, hangs_up: int
) -> None:
    is_final = hangs_up > 0 or call not in WITH_OUR_TIMEOUT
    error = asyncio.run(error_of(call, response, hangs_up=is_final))
    if error is not None:
        assert KEY not in "".join(traceback.format_exception(error))
    if isinstance(error, LmlUnavailable) and error.retry_after is not None:
        assert error.retry_after >= 0
