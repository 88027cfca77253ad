"""The connections to LML: kept while they are good, and made through a proxy where one is set."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from wxyc_assets.adapters.lml import client as lml
from wxyc_assets_tests.support.in_flight import InFlight

ANSWER = b'{"results": []}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(ANSWER)


class RawServer:
    """Answers every request alike; notes connections and request lines."""

    def __init__(self, *, requests_per_connection: int) -> None:
        self._requests_per_connection = requests_per_connection
        self.connections = 0
        self.closed = asyncio.Event()
        self.lines: list[bytes] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        for _ in range(self._requests_per_connection):
            head = await reader.readuntil(b"\r\n\r\n")
            self.lines.append(head.split(b"\r\n")[0])
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            await reader.readexactly(int(length))
            writer.write(HEAD + ANSWER)
            await writer.drain()
        writer.close()
        await writer.wait_closed()
        self.closed.set()


@asynccontextmanager
async def listening(server: RawServer) -> AsyncGenerator[str]:
    async with await asyncio.start_server(server.answer, "127.0.0.1", 0) as opened:
        yield f"http://127.0.0.1:{opened.sockets[0].getsockname()[1]}"


def connected(url: str) -> Any:
    return lml.open_lml(url, api_key=None, budget=InFlight(1), timeout_seconds=20)


async def test_calls_one_after_the_other_share_a_connection() -> None:
    server = RawServer(requests_per_connection=3)
    async with listening(server) as url, connected(url) as client:
        for _ in range(3):
            await client.lookup("Stereolab", "Dots and Loops")
    assert server.connections == 1


async def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    server = RawServer(requests_per_connection=1)
    async with listening(server) as url, connected(url) as client:
        for _ in range(3):
            await client.lookup("Stereolab", "Dots and Loops")
            await server.closed.wait()
            server.closed.clear()
            await asyncio.sleep(0.01)  # until the client's side of it has ended, too
    assert server.connections == 3


async def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    server = RawServer(requests_per_connection=1)
    async with listening(server) as url:
        monkeypatch.setenv("http_proxy", url)
        async with connected("http://lml.invalid") as client:
            await client.lookup("Stereolab", "Dots and Loops")
    assert server.lines == [b"POST http://lml.invalid/api/v1/lookup HTTP/1.1"]


async def test_no_proxy_of_the_environment_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    server = RawServer(requests_per_connection=1)
    async with listening(server) as url:
        monkeypatch.setenv("http_proxy", "http://proxy.invalid")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        async with connected(url) as client:
            await client.lookup("Stereolab", "Dots and Loops")
    assert server.lines == [b"POST /api/v1/lookup HTTP/1.1"]
