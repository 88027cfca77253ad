"""`python -m wxyc_assets_tests.bench.clients`: CPU per lookup of several HTTP clients."""

import asyncio
import resource
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
import stamina.instrumentation
import typer

from wxyc_assets.adapters.lml import lookup
from wxyc_assets.adapters.lml.reception import ACCEPTED
from wxyc_assets.adapters.lml.transport import Server, open_transport
from wxyc_assets.adapters.lml.wire import dump
from wxyc_assets_tests.e2e.operation.processes import BIN, free_port, wait_until

SECONDS = 30.0
ROUNDS = 3
HEADERS: Mapping[str, str] = {**ACCEPTED, **lookup.HEADERS, "Authorization": "Bearer sesame"}
DEFAULT_HEADERS = ("Accept", "Connection", "User-Agent")
"""Those that httpx adds."""

UNLIMITED = {"discogs_per_worker_per_minute": 0}

Ask = Callable[[bytes], Awaitable[None]]


@asynccontextmanager
async def httpx_client(url: str, *, leave_out: tuple[str, ...] = ()) -> AsyncGenerator[Ask]:
    """httpx as it comes: its client over httpcore."""
    async with httpx.AsyncClient(base_url=url, headers=dict(HEADERS), timeout=SECONDS) as client:
        for name in leave_out:
            del client.headers[name]

        async def ask(body: bytes) -> None:
            async with client.stream("POST", lookup.PATH, content=body) as response:
                await response.aread()
                assert response.status_code == 200

        yield ask


@asynccontextmanager
async def without_client(url: str, transport: httpx.AsyncBaseTransport) -> AsyncGenerator[Ask]:
    """Our `Server` over one of httpx's transports: no cookies, authentication or redirects."""
    async with transport as opened:
        server = Server(url, HEADERS, opened)

        async def ask(body: bytes) -> None:
            async with server.stream(
                "POST", lookup.PATH, content=body, headers={}, connect_seconds=SECONDS
            ) as response:
                await response.aread()
                assert response.status_code == 200

        yield ask


@asynccontextmanager
async def ours(url: str) -> AsyncGenerator[Ask]:
    """The client of runs: our `Server` over aiohttp."""
    async with open_transport(url) as transport, without_client(url, transport) as ask:
        yield ask


CLIENTS = {
    "httpx": httpx_client,
    "httpx, three headers fewer": lambda url: httpx_client(url, leave_out=DEFAULT_HEADERS),
    "httpx's transport alone": lambda url: without_client(url, httpx.AsyncHTTPTransport()),
    "aiohttp's, as in a run": ours,
}


async def cost(name: str, url: str, *, calls: int, in_flight: int) -> float:
    """Return the milliseconds of CPU that a lookup costs this process."""
    numbers = iter(range(calls))
    async with CLIENTS[name](url) as ask:

        async def work() -> None:
            for number in numbers:
                async with asyncio.timeout(SECONDS):
                    await ask(dump(lookup.request(f"Artist {number}", "Moon Pix")))

        before = resource.getrusage(resource.RUSAGE_SELF)
        await asyncio.gather(*(work() for _ in range(in_flight)))
        after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds / calls * 1000


def main(calls: Annotated[int, typer.Option(help="Lookups per measurement.")] = 1000) -> None:
    """Print the best of three rounds; the clients take turns, so that all see the same machine."""
    stamina.instrumentation.set_on_retry_hooks([])  # waiting is no news here
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen([BIN / "wxyc-sandbox", "lml", "--port", str(port)]) as server:
        try:
            wait_until(lambda: httpx.put(f"{url}/sandbox/settings", json=UNLIMITED).is_success)
            for in_flight in (8, 16):
                rounds = [
                    {
                        name: asyncio.run(cost(name, url, calls=calls, in_flight=in_flight))
                        for name in CLIENTS
                    }
                    for _ in range(ROUNDS)
                ]
                for name in CLIENTS:
                    best = min(each[name] for each in rounds)
                    sys.stdout.write(f"{in_flight:>3} in flight  {best:.2f} ms  {name}\n")
        finally:
            server.terminate()


if __name__ == "__main__":
    typer.run(main)
