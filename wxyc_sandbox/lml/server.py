"""The pretend LML over HTTP."""

import gc
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.delivery import CONNECTION

POLL_SECONDS = 0.005


class HangUpProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP protocol, extended so that the application can close the connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {CONNECTION: self.transport}  # pyright: ignore


def spare_long_lived_objects() -> None:
    """Keep Python's garbage collector from what was made so far, and let it run less often.

    It would go through the catalogue again and again, for 50 to 500 ms each time, in which no
    answer is sent.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def serve_forever(app: PretendLml, *, host: str = "127.0.0.1", port: int) -> None:
    """Serve until the process is signalled to stop."""
    spare_long_lived_objects()
    _server(app).run(sockets=[_open_listener(host, port)])


@contextmanager
def serve(
    app: PretendLml | ASGIApp,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    certificate: Path | None = None,
) -> Generator[str]:
    """Serve in a separate thread; yield the base URL. Port 0 picks any free port.

    With a certificate (one PEM file, including the key) the server uses TLS.
    """
    listener = _open_listener(host, port)
    server = _server(app, certificate)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    url = f"{'https' if certificate else 'http'}://{host}:{listener.getsockname()[1]}"
    thread.start()
    try:
        while not server.started and thread.is_alive():
            sleep(POLL_SECONDS)
        yield url
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
        listener.close()


def _server(app: PretendLml | ASGIApp, certificate: Path | None = None) -> uvicorn.Server:
    config = uvicorn.Config(
        app,  # pyright: ignore[reportArgumentType]
        http=HangUpProtocol,
        ws="none",
        lifespan="off",
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=75,
        ssl_certfile=certificate,
    )
    return uvicorn.Server(config)


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free."""
    with _open_listener("127.0.0.1", 0) as probe:
        return probe.getsockname()[1]


def is_free(port: int) -> bool:
    """Return True if nobody listens on a port of 127.0.0.1."""
    try:
        _open_listener("127.0.0.1", port).close()
    except OSError:
        return False
    return True


def _open_listener(host: str, port: int) -> socket.socket:
    # Told that it is TCP, asyncio turns off Nagle's algorithm, which would hold answers for 40 ms.
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener
