"""The pretend LML on a port of its own."""

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


class Protocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, with a way for the application to hang up."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {CONNECTION: self.transport}  # pyright: ignore


def run(app: PretendLml, *, host: str = "127.0.0.1", port: int) -> None:
    """Serve until the process is asked to stop."""
    gc.freeze()  # the catalogue stays; to look through it for garbage takes 50 ms a time
    _server(app).run(sockets=[_listen(host, port)])


@contextmanager
def serve(
    app: PretendLml | ASGIApp,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    certificate: Path | None = None,
) -> Generator[str]:
    """Serve in a thread of its own; yields the base URL. Port 0 is any free one.

    With a certificate (and its key, in one PEM file) the URL begins with https.
    """
    listening = _listen(host, port)
    server = _server(app, certificate)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    url = f"{'https' if certificate else 'http'}://{host}:{listening.getsockname()[1]}"
    thread.start()
    try:
        while not server.started and thread.is_alive():
            sleep(POLL_SECONDS)
        yield url
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
        listening.close()


def _server(app: PretendLml | ASGIApp, certificate: Path | None = None) -> uvicorn.Server:
    config = uvicorn.Config(
        app,  # pyright: ignore[reportArgumentType]
        http=Protocol,
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


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    return listening
