"""PostgreSQL goes away in the middle of a run and comes back: nothing is lost, nothing repeated."""

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
from wxyc_assets_tests.e2e.proofs.conftest import (
    Examined,
    Untroubled,
    Worlds,
    make_storage,
    make_world,
)
from wxyc_assets_tests.e2e.proofs.inquest import crash_check
from wxyc_assets_tests.e2e.proofs.moments import ANYWHERE
from wxyc_assets_tests.e2e.proofs.small_world import UNHURRIED, served
from wxyc_assets_tests.e2e.proofs.tables import connected
from wxyc_sandbox.postgres import Postgres

MOMENTS = ("reporting", ANYWHERE, "reporting", ANYWHERE, ANYWHERE)
MOST_ANSWERS_BETWEEN = 60


@pytest.fixture(scope="module")
def mortal(world_began: datetime) -> Generator[Postgres]:
    """A server of our own that writes its log late: a commit lasts only if that was asked for."""
    with tempfile.TemporaryDirectory(prefix="wxyc-") as home:
        Path(home).chmod(0o711)
        with Postgres(Path(home) / "postgres", durable=False) as server:
            with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
                connection.execute("alter system set wal_writer_delay = '10s'")
                connection.execute("alter system set wal_writer_flush_after = '1GB'")
                connection.execute("select pg_reload_conf()")
            make_world(server, world_began)
            make_storage(server)
            yield server


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_the_backends_server_restarts(
    worlds: Worlds,
    mortal: Postgres,
    untroubled: Untroubled,
    world_began: datetime,
    mode: Literal["fast", "immediate"],
) -> None:
    random = Random(f"restarts {mode}")
    elsewhere = Worlds(mortal, worlds.dagster_server, worlds.folder)
    with (
        served(UNHURRIED) as lml,
        elsewhere.fresh(lml) as starter,
        crash_check(starter, lml, untroubled.first, world_began) as inquest,
    ):
        for moment in MOMENTS:
            child = starter.whole_library()
            after = random.randrange(MOST_ANSWERS_BETWEEN)
            with inquest.watch.catch(child, moment, after=after) as caught:
                assert caught
                mortal.stop(mode)
            exit_code, said = child.finish(), child.said
            mortal.start()
            assert exit_code == 1
            assert "The database went away" in said or "cannot be reached" in said
            inquest.look()
        assert starter.whole_library().finish() == 0
        inquest.look_at_the_end()


def test_the_one_server_restarts_that_holds_all(
    worlds: Worlds, mortal: Postgres, untroubled: Untroubled, world_began: datetime
) -> None:
    random = Random("restarts of all")
    with served(UNHURRIED) as lml, Worlds(mortal, mortal, worlds.folder).fresh(lml) as starter:
        for _ in range(3):
            child = starter.whole_library()
            with crash_check(starter, lml, untroubled.first, world_began) as inquest:
                after = random.randrange(MOST_ANSWERS_BETWEEN)
                with inquest.watch.catch(child, ANYWHERE, after=after) as caught:
                    assert caught
            mortal.stop("immediate")
            exit_code = child.finish()
            mortal.start()
            assert exit_code == 1
            with crash_check(starter, lml, untroubled.first, world_began) as inquest:
                inquest.look()
        assert starter.whole_library().finish() == 0
        with crash_check(starter, lml, untroubled.first, world_began) as inquest:
            inquest.look_at_the_end()


HOLDING_A_RANGE = (
    "select pid from pg_locks where locktype = 'advisory' "
    f"and classid = {LockFamily.IDENTITY.value}"
)
IN_THE_BUDGET = f"select pid from pg_locks where locktype = 'advisory' and classid = {BUDGET_LOCKS}"
ANY_OF_OURS = "select pid from pg_stat_activity where application_name = 'wxyc_assets'"


@pytest.mark.parametrize(
    ("moment", "whose"),
    [
        ("writing sources", HOLDING_A_RANGE),
        ("asking", IN_THE_BUDGET),
        ("writing sources", ANY_OF_OURS),
    ],
    ids=["range", "budget", "any"],
)
def test_connections_are_lost(examined: Examined, moment: str, whose: LiteralString) -> None:
    starter, inquest = examined
    for after in (20, 90):
        child = starter.whole_library()
        with inquest.watch.catch(child, moment, after=after) as caught:
            assert caught
            with connected(starter.database_url) as ours:
                ours.execute(TERMINATE.replace("WHOSE", whose).encode())
        assert child.finish() == 1
        assert "The database went away" in child.said or "shared budget" in child.said
        inquest.look()
    assert starter.whole_library().finish() == 0
    inquest.look_at_the_end()


TERMINATE = (
    "select pg_terminate_backend(pid) from pg_stat_activity "
    "where datname = current_database() and pid in (WHOSE)"
)
