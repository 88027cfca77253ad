"""An interpreter that has imported the slow libraries, from which programs are forked.

Run as `python server.py FOLDER`; `client.py` says what to run. Nothing of `wxyc_assets` is imported
here: a program must read its own environment. It ends when its standard input is closed.
"""

import fcntl
import gc
import json
import multiprocessing.spawn
import os
import runpy
import selectors
import signal
import socket
import sys
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from itertools import dropwhile
from pathlib import Path

PRELOADED = (
    "aiohttp",
    "alembic.command",
    "alembic.config",
    "dagster",
    "dagster._cli",
    "dagster._core.definitions.external_asset",
    "dagster._core.types.primitive_mapping",
    "dagster._daemon.cli",
    "dagster._grpc.server",
    "dagster_dg_cli.cli",
    "dagster_postgres",
    "httpx",
    "orjson",
    "psycopg",
    "psycopg_pool",
    "pydantic_settings",
    "rich.console",
    "rich.progress",
    "rich.table",
    "sentry_sdk",
    "stamina",
    "statistics",
    "structlog",
    "typer",
)
"""Of our extras, starlette and Celery, nothing: tests make them missing."""
BIN = Path(sys.executable).parent
HARMLESS = {"-B", "-u", "-Wignore"}
"""Options of the interpreter that change nothing here, or as much as the environment does."""
LONGEST_ORDER, MOST_FILES = 2**18, 250
FIRST_SPARE_FILE = 512
"""Received files wait above this number until they get the numbers that they had."""


@dataclass(frozen=True, slots=True)
class Order:
    """A program to run, with all that it inherits."""

    program: str
    arguments: list[str]
    environment: dict[str, str]
    folder: str
    umask: int
    ignored: list[int]
    files: list[int]

    def take_over(self, received: list[int]) -> None:
        """Make this process the program's."""
        spare = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, FIRST_SPARE_FILE) for each in received]
        for each in received:
            os.close(each)
        for number, file in zip(self.files, spare, strict=True):
            os.dup2(file, number)
            os.close(file)
        os.chdir(self.folder)
        os.umask(self.umask)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for each in self.ignored:
            signal.signal(each, signal.SIG_IGN)
        os.environ.clear()
        os.environ.update(self.environment)
        time.tzset()
        self._start_interpreter()

    def _start_interpreter(self) -> None:
        """Do what the interpreter does with its environment when it starts.

        What it starts in turn, such as a code server and its runs, is forked as well.
        """
        sys.executable = str(Path(self.program).parent / "python")
        multiprocessing.spawn.set_executable(sys.executable)
        if folders := self.environment.get("PYTHONPATH"):
            sys.path[0:0] = folders.split(os.pathsep)
        if self.environment.get("PYTHONWARNINGS") == "ignore":
            warnings.simplefilter("ignore")

    def run(self) -> None:
        """Run the program in this process."""
        match Path(self.program).name, [*dropwhile(HARMLESS.__contains__, self.arguments)]:
            case "python", ["-m", module, *rest]:
                sys.argv = [module, *rest]
                sys.path.insert(0, self.folder)
                runpy.run_module(module, run_name="__main__", alter_sys=True)
            case "python", ["-c", code, *rest]:
                sys.argv = ["-c", *rest]
                sys.path.insert(0, "")
                exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
            case "python", _:
                os.execv(BIN / "python", [str(BIN / "python"), *self.arguments])
            case name, arguments:
                sys.argv = [self.program, *arguments]
                sys.path.insert(0, str(BIN))
                runpy.run_path(str(BIN / name), run_name="__main__")


class Server:
    """Forks programs, passes signals on to them, and says how they ended."""

    def __init__(self, folder: Path) -> None:
        self._selector = selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(folder / "socket"))
        self._listener.listen(64)
        self._clients: dict[int, socket.socket] = {}
        self._children: dict[socket.socket, int] = {}
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(0, selectors.EVENT_READ, self._stop)

    def serve(self) -> Order:
        """Fork until standard input is closed; return in each child, with its order."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj in self._selector.get_map() and (order := key.data(key.fileobj)):
                    return order

    def _accept(self, listener: socket.socket) -> Order | None:
        client, _ = listener.accept()
        words, received, _, _ = socket.recv_fds(client, LONGEST_ORDER, MOST_FILES)
        if not words:
            client.close()
            return None
        if child := os.fork():
            for each in received:
                os.close(each)
            pidfd = os.pidfd_open(child)
            self._clients[pidfd], self._children[client] = client, child
            self._selector.register(pidfd, selectors.EVENT_READ, self._report)
            self._selector.register(client, selectors.EVENT_READ, self._pass_on)
            return None
        client.close()
        self._close()
        order = Order(**json.loads(words))
        order.take_over(received)
        return order

    def _pass_on(self, client: socket.socket) -> None:
        """Pass a signal on; kill the program of a client that was killed."""
        message = client.recv(1)
        os.kill(self._children[client], message[0] if message else signal.SIGKILL)
        if not message:
            self._selector.unregister(client)

    def _report(self, pidfd: int) -> None:
        client = self._clients.pop(pidfd)
        child = self._children.pop(client)
        _, status = os.waitpid(child, 0)
        self._selector.unregister(pidfd)
        os.close(pidfd)
        with suppress(KeyError):
            self._selector.unregister(client)
        with client, suppress(BrokenPipeError):
            client.send(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))

    def _stop(self, _: int) -> None:
        for child in self._children.values():
            os.kill(child, signal.SIGKILL)
        os._exit(0)

    def _close(self) -> None:
        self._selector.close()
        self._listener.close()
        for pidfd, client in self._clients.items():
            os.close(pidfd)
            client.close()


def _keep_bytecode(folder: Path) -> None:
    """Have each module of ours compiled once and not by every program.

    Where the environment forbids bytecode beside the sources, that takes a quarter of a second.
    """
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(folder)


def main(folder: Path) -> None:
    """Serve; in each child, run its program as this process's own."""
    sys.path.pop(0)
    for name in PRELOADED:
        import_module(name)
    _keep_bytecode(folder / "bytecode")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = Server(folder)
    gc.freeze()
    os.write(1, b"ready\n")
    order = server.serve()
    order.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
