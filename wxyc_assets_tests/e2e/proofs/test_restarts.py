"""PostgreSQL restarts in the middle of a run: no answer is lost, no call repeated."""

import os
import signal
import tempfile
from collections.abc import Generator
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Literal, LiteralString

import psycopg
import pytest

from wxyc_assets.adapters.budget.postgres_backend import BUDGET_LOCKS
from wxyc_assets.adapters.postgres.range_locks import LockFamily
from wxyc_assets_tests.e2e.proofs.breakpoints import ANYWHERE
from wxyc_assets_tests.e2e.proofs.conftest import (
    Baseline,
    CheckedStarter,
    FreshLibraries,
    make_dagster_storage,
    make_small_library,
)
from wxyc_assets_tests.e2e.proofs.crash_check import crash_check
from wxyc_assets_tests.e2e.proofs.small_library import SLOW, served
from wxyc_assets_tests.e2e.proofs.tables import open_connection
from wxyc_sandbox.postgres import Postgres

BREAKPOINTS = ("reporting", ANYWHERE, "reporting", ANYWHERE, ANYWHERE)
MOST_ANSWERS_BETWEEN = 40
"""Few enough for five runs: each may get two pages further, and to the end of its range."""


@pytest.fixture(scope="module")
def stoppable(seeded_at: datetime) -> Generator[Postgres]:
    """A server that tests may stop; it flushes its WAL late, so only synchronous commits last."""
    with tempfile.TemporaryDirectory(prefix="wxyc-") as home:
        Path(home).chmod(0o711)
        with Postgres(Path(home) / "postgres", durable=False) as server:
            with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
                connection.execute("alter system set wal_writer_delay = '10s'")
                connection.execute("alter system set wal_writer_flush_after = '1GB'")
                connection.execute("select pg_reload_conf()")
            make_small_library(server, seeded_at)
            make_dagster_storage(server)
            yield server


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_the_backends_server_restarts(
    libraries: FreshLibraries,
    stoppable: Postgres,
    baseline: Baseline,
    seeded_at: datetime,
    mode: Literal["fast", "immediate"],
) -> None:
    random = Random(f"restarts {mode}")
    elsewhere = FreshLibraries(stoppable, libraries.dagster_server, libraries.folder)
    with (
        served(SLOW) as lml,
        elsewhere.fresh(lml) as starter,
        crash_check(starter, lml, baseline.first, seeded_at) as check,
    ):
        for point in BREAKPOINTS:
            child = starter.whole_library()
            after = random.randrange(MOST_ANSWERS_BETWEEN)
            with check.observer.pause_at(child, point, after=after) as paused:
                assert paused
                stoppable.stop(mode)
            exit_code, output = child.finish(), child.output
            stoppable.start()
            assert exit_code == 1
            assert "The database went away" in output or "cannot be reached" in output
            check.verify()
        assert starter.whole_library().finish() == 0
        check.verify_final_state()


def test_the_server_of_both_databases_restarts(
    libraries: FreshLibraries, stoppable: Postgres, baseline: Baseline, seeded_at: datetime
) -> None:
    random = Random("restarts of all")
    with (
        served(SLOW) as lml,
        FreshLibraries(stoppable, stoppable, libraries.folder).fresh(lml) as starter,
    ):
        for _ in range(3):
            child = starter.whole_library()
            with crash_check(starter, lml, baseline.first, seeded_at) as check:
                after = random.randrange(1, MOST_ANSWERS_BETWEEN)
                with check.observer.pause_at(child, ANYWHERE, after=after) as paused:
                    assert paused
                    os.kill(child.pid, signal.SIGSTOP)
            stoppable.stop("immediate")
            stoppable.start()  # before the run goes on: it would wait for Dagster's storage
            os.kill(child.pid, signal.SIGCONT)
            assert child.finish() == 1
            with crash_check(starter, lml, baseline.first, seeded_at) as check:
                check.verify()
        assert starter.whole_library().finish() == 0
        with crash_check(starter, lml, baseline.first, seeded_at) as check:
            check.verify_final_state()


RANGE_LOCK_HOLDERS = (
    "select pid from pg_locks where locktype = 'advisory' "
    f"and classid = {LockFamily.IDENTITY.value}"
)
BUDGET_LOCK_HOLDERS = (
    f"select pid from pg_locks where locktype = 'advisory' and classid = {BUDGET_LOCKS}"
)
ANY_SESSION_OF_OURS = "select pid from pg_stat_activity where application_name = 'wxyc_assets'"


@pytest.mark.parametrize(
    ("point", "sessions"),
    [
        ("writing sources", RANGE_LOCK_HOLDERS),
        ("asking", BUDGET_LOCK_HOLDERS),
        ("writing sources", ANY_SESSION_OF_OURS),
    ],
    ids=["range", "budget", "any"],
)
def test_connections_are_lost(
    checked_starter: CheckedStarter, point: str, sessions: LiteralString
) -> None:
    starter, check = checked_starter
    for after in (20, 90):
        child = starter.whole_library()
        with check.observer.pause_at(child, point, after=after) as paused:
            assert paused
            with open_connection(starter.database_url) as ours:
                ours.execute(TERMINATE_SESSIONS.replace("SESSIONS", sessions).encode())
        assert child.finish() == 1
        assert "The database went away" in child.output or "shared budget" in child.output
        check.verify()
    assert starter.whole_library().finish() == 0
    check.verify_final_state()


TERMINATE_SESSIONS = (
    "select pg_terminate_backend(pid) from pg_stat_activity "
    "where datname = current_database() and pid in (SESSIONS)"
)
