"""A TCP proxy that resets some of its connections."""

import asyncio
import socket
import struct
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

NO_LINGERING = struct.pack("ii", 1, 0)
"""With this SO_LINGER, closing a connection resets it."""


class _Proxy:
    def __init__(self, address: tuple[str, int], every: int) -> None:
        self._address = address
        self._every = every
        self._chunks = 0
        self.resets = 0

    async def forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(*self._address)
        response_copy = asyncio.create_task(self._copy(server_reader, writer))
        try:
            while chunk := await reader.read(65_536):
                self._chunks += 1
                if self._chunks % self._every == 0:
                    self.resets += 1
                    connection: socket.socket = writer.get_extra_info("socket")
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGERING)
                    writer.transport.abort()
                    return
                server_writer.write(chunk)
                await server_writer.drain()
        except ConnectionError:
            pass
        finally:
            response_copy.cancel()
            with suppress(asyncio.CancelledError):
                await response_copy
            server_writer.close()
            writer.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(65_536):
                writer.write(chunk)
                await writer.drain()


@contextmanager
def resetting_proxy(url: str, *, every: int) -> Generator[tuple[str, _Proxy]]:
    """Yield the proxy's URL and the proxy; every `every`th chunk of a request is a reset."""
    target = urlsplit(url)
    assert target.hostname
    assert target.port
    proxy = _Proxy((target.hostname, target.port), every)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opening = asyncio.start_server(proxy.forward, "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(opening, loop).result()
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", proxy
    finally:
        asyncio.run_coroutine_threadsafe(_close(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close(server: asyncio.Server) -> None:
    server.close()
    connections = asyncio.all_tasks() - {asyncio.current_task()}
    for connection in connections:
        connection.cancel()
    await asyncio.gather(*connections, return_exceptions=True)
