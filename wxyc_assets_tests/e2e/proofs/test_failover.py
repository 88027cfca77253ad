"""PostgreSQL fails over to a replica in the middle of a run: no complete range is lost.

Dagster's own storage is on another server, or on the same one.
"""

import tempfile
from collections import Counter
from collections.abc import Generator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from wxyc_assets.flows.identity.pipeline import PAGES_PER_CALL
from wxyc_assets_tests.e2e.proofs.conftest import (
    Baseline,
    FreshLibraries,
    make_dagster_storage,
    make_small_library,
)
from wxyc_assets_tests.e2e.proofs.crash_check import crash_check
from wxyc_assets_tests.e2e.proofs.replicated_server import ReplicatedServer, replicated
from wxyc_assets_tests.e2e.proofs.small_library import SLOW, range_of, served
from wxyc_sandbox.postgres import Postgres

PAGE = 20
MOST_IN_WORK = 2 * PAGES_PER_CALL * PAGE
"""Two calls in flight, and as many pages whose answers are being stored."""
WHY = ("The database went away", "cannot be reached", "Dagster's storage went away")
ASKED_BEFORE = 300
"""More than the first range needs to be complete, and half of all: once the replica is away, a run
that has nothing left to ask would wait for good until its events are confirmed."""


@pytest.fixture
def server(seeded_at: datetime) -> Generator[ReplicatedServer]:
    with tempfile.TemporaryDirectory(prefix="wxyc-") as home:
        Path(home).chmod(0o711)
        with Postgres(Path(home) / "primary", durable=False) as primary:
            make_small_library(primary, seeded_at)
            make_dagster_storage(primary)
            with replicated(primary, Path(home) / "replica") as server:
                yield server


@pytest.mark.parametrize("takes_dagster_along", [False, True])
def test_a_failover_loses_no_complete_range(
    takes_dagster_along: bool,
    libraries: FreshLibraries,
    server: ReplicatedServer,
    baseline: Baseline,
    seeded_at: datetime,
) -> None:
    elsewhere = FreshLibraries(
        server, server if takes_dagster_along else libraries.dagster_server, libraries.folder
    )
    with (
        served(SLOW) as lml,
        elsewhere.fresh(lml) as starter,
        crash_check(starter, lml, baseline.first, seeded_at) as check,
    ):
        lml.gate.close_after(ASKED_BEFORE)
        child = starter.whole_library()
        assert child.wait_until(lambda: bool(check.materialized))
        server.replica.stop("immediate")
        stored: set[int] = set()
        with (
            suppress(psycopg.OperationalError),  # the lock is lost with the server
            check.observer.pause_at(child, "storing answers", after=PAGE) as paused,
        ):
            assert paused
            stored = check.observer.stored()
            server.crash()
            if takes_dagster_along:
                assert child.wait_until(lambda: "waiting for Dagster's storage" in child.output)
            server.promote()
        assert child.finish() == 1
        (run,) = check.instance.get_runs()
        assert run.status is dg.DagsterRunStatus.FAILURE
        assert any(each in child.output for each in WHY)
        check.verify()
        lost = stored - check.observer.stored()
        assert lost
        assert check.materialized.isdisjoint(range_of(each).key for each in lost)
        assert starter.whole_library().finish() == 0
        check.verify_final_state()
        asked = Counter(library_id for _, library_id in lml.asked_records.asked)
        twice = {library_id for library_id, times in asked.items() if times > 1}
        assert len(twice - lost) <= MOST_IN_WORK
