"""A PostgreSQL server with a replica by streaming replication, behind one connection string."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from wxyc_assets_tests.support.waiting import wait_for
from wxyc_sandbox.account import Account, hand_over, reachable_bin
from wxyc_sandbox.postgres import Postgres, PostgresFailed, embedded_bin

REPLICA = "replica"
IS_STREAMING = "select 1 from pg_stat_replication where state = 'streaming'"


@dataclass(frozen=True, slots=True)
class ReplicatedServer:
    """A primary, and a replica whose confirmation a synchronous commit waits for."""

    primary: Postgres
    replica: Postgres

    def url(self, database: str) -> str:
        """Return a URL that names both hosts, and reaches the one that takes writes."""
        hosts = f"{self.primary.data},{self.replica.data}"
        return f"postgresql://postgres@/{database}?host={hosts}&target_session_attrs=read-write"

    def fail_over(self) -> None:
        """Crash the primary, and promote the replica with what it has received."""
        self.crash()
        self.promote()

    def crash(self) -> None:
        """Crash the primary."""
        self.primary.stop("immediate")

    def promote(self) -> None:
        """Start the replica with what it has received, and let it take writes."""
        self.replica.start()
        with psycopg.connect(self.replica.url("postgres"), autocommit=True) as connection:
            connection.execute("select pg_promote()")

    def wait_until_streaming(self) -> None:
        """Wait until the replica receives what the primary commits."""
        with psycopg.connect(self.primary.url("postgres"), autocommit=True) as connection:
            wait_for(lambda: connection.execute(IS_STREAMING).fetchone() is not None)


@contextmanager
def replicated(primary: Postgres, data: Path) -> Generator[ReplicatedServer]:
    """Run a replica of a running server, and let synchronous commits wait for it."""
    account = Account.of(primary.data)
    hand_over(data, account)
    program = reachable_bin(embedded_bin(), account) / "pg_basebackup"
    source = f"host={primary.data} user=postgres application_name={REPLICA}"
    copied, output = account.run_command(
        program, "-d", source, "-D", data, "-R", "-X", "stream", "-c", "fast", "--no-sync"
    )
    if not copied:
        raise PostgresFailed(f"pg_basebackup: {output}")
    for lock in data.glob(
        ".s.PGSQL.*.lock"
    ):  # of the primary's socket, which is in its data folder
        lock.unlink()
    with Postgres(data, durable=False) as replica:
        pair = ReplicatedServer(primary, replica)
        pair.wait_until_streaming()
        with psycopg.connect(primary.url("postgres"), autocommit=True) as connection:
            connection.execute(f"alter system set synchronous_standby_names = '{REPLICA}'".encode())
            connection.execute("select pg_reload_conf()")
        yield pair
