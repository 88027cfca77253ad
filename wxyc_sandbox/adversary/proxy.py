"""A proxy in front of an LML that turns some of its answers into hostile ones."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass

import httpx

from wxyc_sandbox.adversary.modes import Exchange, Mode, answer, honest_answer

UPSTREAM_SECONDS = 300.0
DROPPED = {"host", "connection", "accept-encoding", "content-length"}
CUT_OFF = (ConnectionError, asyncio.IncompleteReadError, httpx.HTTPError)


@dataclass(frozen=True, slots=True)
class Hostility:
    """A way to be hostile, and to which calls."""

    mode: Mode
    every: int = 1
    """Every Nth call below /api; the others get the honest answer, as /health does."""
    every_row: int = 1
    """Every Nth row, for the modes that change rows."""


class Adversary:
    """Serves one connection per call; `hostility` may change while it runs."""

    def __init__(self, upstream: str, hostility: Hostility) -> None:
        self.hostility = hostility
        self.calls = 0
        self._upstream = httpx.AsyncClient(base_url=upstream, timeout=UPSTREAM_SECONDS)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, and close."""
        try:
            async with aclosing(await self._answer(reader)) as chunks:
                async for chunk in chunks:
                    writer.write(chunk)
                    await writer.drain()
        except CUT_OFF:
            pass
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        finally:
            writer.close()

    async def close(self) -> None:
        """Close the connections to the upstream."""
        await self._upstream.aclose()

    async def _answer(self, reader: asyncio.StreamReader) -> AsyncGenerator[bytes]:
        method, path, headers, body = await _read_request(reader)
        forwarded = {name: value for name, value in headers.items() if name not in DROPPED}
        honest = await self._upstream.request(method, path, headers=forwarded, content=body)
        exchange = Exchange(headers.get("authorization", ""), honest)
        if path.startswith("/api"):
            self.calls += 1
            if self.calls % self.hostility.every == 0:
                return answer(self.hostility.mode, exchange, every_row=self.hostility.every_row)
        return honest_answer(exchange)


async def _read_request(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str], bytes]:
    text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = text.rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return method, path, headers, body


async def serve_until_cancelled(
    upstream: str, hostility: Hostility, *, host: str = "127.0.0.1", port: int
) -> None:
    """Serve on a port until the task is cancelled."""
    adversary = Adversary(upstream, hostility)
    server = await asyncio.start_server(adversary.serve, host, port)
    try:
        await server.serve_forever()
    finally:
        server.close()
        await adversary.close()


@contextmanager
def run_adversary(upstream: str, hostility: Hostility) -> Generator[tuple[str, Adversary]]:
    """Serve in a thread of its own on a free port; yield the base URL and the adversary."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    adversary = Adversary(upstream, hostility)
    opening = asyncio.start_server(adversary.serve, "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(opening, loop).result()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", adversary
    finally:
        asyncio.run_coroutine_threadsafe(_close(server, adversary), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close(server: asyncio.Server, adversary: Adversary) -> None:
    server.close()
    connections = asyncio.all_tasks() - {asyncio.current_task()}
    for connection in connections:
        connection.cancel()
    await asyncio.gather(*connections, return_exceptions=True)
    await adversary.close()
