"""The budget over real processes and a real Postgres, with the pretend LML as the witness."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from time import monotonic, sleep
from typing import Any

import psycopg
import pytest

from wxyc_assets.adapters.budget.postgres_backend import BUDGET_LOCKS, PostgresBudget
from wxyc_assets.adapters.budget.shared_budget import SharedBudget, open_budget
from wxyc_assets.adapters.lml import lookup
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.errors import DatabaseUnavailable
from wxyc_assets.domain.prices import Price
from wxyc_sandbox.in_memory_budget import BudgetState, InMemoryBudget
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.server import serve
from wxyc_sandbox.lml.settings import LmlSettings

USUAL: dict[str, Any] = {"in_flight": 4, "per_minute": 0, "at_once": 8, "seconds": 3, "refresh": 0}
PATIENCE_SECONDS = 900


Process = subprocess.Popen[str]


class Processes:
    """Processes that call LML, all within the budget of one database."""

    def __init__(self, database_url: str, lml_url: str) -> None:
        self._usual = USUAL | {"database_url": database_url, "lml_url": lml_url}
        self.started: list[Process] = []

    def start(self, number: int = 1, **wanted: Any) -> list[Process]:
        """So many processes that begin together."""
        command = [sys.executable, "-m", "wxyc_assets_tests.integration.adapters.calling"]
        command.append(json.dumps(self._usual | wanted))
        started = [
            subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for _ in range(number)
        ]
        self.started += started
        for process in started:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin
            process.stdin.write("\n")
            process.stdin.flush()
        return started


@pytest.fixture
def lml() -> PretendLml:
    return PretendLml(LmlSettings(base_latency_seconds=0, discogs_per_worker_per_minute=0))


@pytest.fixture
def processes(assets: str, lml: PretendLml) -> Iterator[Processes]:
    with serve(lml) as url:
        running = Processes(assets, url)
        yield running
        for process in running.started:
            with process:
                process.kill()


def calls_of(process: Process) -> int:
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    return int(said)


def wait_for(what: Callable[[], object]) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while not what():
        assert monotonic() < deadline, "it did not happen"
        sleep(0.01)


def test_processes_together_stay_within_the_places_and_each_gets_on(
    processes: Processes, lml: PretendLml
) -> None:
    counts = [calls_of(each) for each in processes.start(3, seconds=5)]
    assert lml.counters.most_in_flight == 4
    assert min(counts) > 0.1 * sum(counts)


def test_more_processes_than_places(processes: Processes, lml: PretendLml) -> None:
    counts = [calls_of(each) for each in processes.start(3, in_flight=1, seconds=6)]
    assert lml.counters.most_in_flight == 1
    assert min(counts) > 0


@pytest.mark.parametrize("refresh", [0, 1])
def test_processes_together_stay_within_the_rate_of_a_minute(
    processes: Processes, lml: PretendLml, refresh: int
) -> None:
    # Together they take a few seconds, less than a minute: all of it is one minute's spending.
    lml.configure(lookup_latency_seconds=0, lookup_live_share=1.0)
    # First come, first served: one that is late on a busy machine may find all of it spent. That
    # processes which begin together get about as much, test_rate.py checks in virtual time.
    for each in processes.start(3, per_minute=60, refresh=refresh):
        calls_of(each)
    assert 40 <= lml.discogs.requests <= 60
    assert lml.discogs.busiest_minute == lml.discogs.requests


def test_with_a_warm_cache_the_rate_is_no_limit(
    processes: Processes, lml: PretendLml, assets: str
) -> None:
    lml.configure(lookup_latency_seconds=0.05, lookup_live_share=0.0)
    counts = [calls_of(each) for each in processes.start(2, per_minute=60, seconds=5)]
    assert sum(counts) > 60
    assert lml.discogs.requests == 0
    with psycopg.connect(assets) as witness:
        reserved = witness.execute(
            "select last_value from pg_sequences where sequencename like 'lml_spending%'"
        ).fetchone()
    # One reservation serves a second's calls of one caller: there are 8 in each of 2 processes.
    assert reserved
    assert reserved[0] <= 2 * 8 * (5 + 1)


def test_a_killed_process_gives_its_places_back(
    processes: Processes, lml: PretendLml, assets: str
) -> None:
    lml.configure(lookup_latency_seconds=600, lookup_cap_seconds=600, edge_timeout_seconds=600)
    (holder,) = processes.start(seconds=600)
    wait_for(lambda: lml.counters.in_flight == 4)
    lml.configure(lookup_latency_seconds=0)
    (waiting,) = processes.start(at_once=1, seconds=3)
    with psycopg.connect(assets, autocommit=True) as witness:
        waits = (
            "select count(*) from pg_locks where locktype = 'advisory' and classid = %s "
            "and objid = 0"
        )
        wait_for(lambda: witness.execute(waits, [BUDGET_LOCKS]).fetchone() == (1,))
        assert lml.counters.calls["lookup"] == 4
        holder.kill()
    assert calls_of(waiting) > 0


def test_what_a_killed_process_had_in_flight_stays_spent(
    processes: Processes, lml: PretendLml, assets: str
) -> None:
    lml.configure(lookup_latency_seconds=600, lookup_cap_seconds=600, edge_timeout_seconds=600)
    (killed,) = processes.start(per_minute=60, seconds=600)
    wait_for(lambda: lml.counters.in_flight == 4)
    killed.kill()
    killed.wait()
    with psycopg.connect(assets, autocommit=True) as witness:
        (left,) = witness.execute(
            "select sum(requests) from wxyc_assets.lml_spending "
            "where expires_at > now() + interval '60 seconds'"
        ).fetchone() or (0,)
    assert left >= 4 * lookup.PRICE.guess


@pytest.mark.parametrize("costs", [[0, 0], [3, 5, 4], [*range(1, 30)]])
async def test_the_database_reckons_as_the_rehearsal_does(
    opened: Database, costs: list[float]
) -> None:
    price, state = Price("lookup", guess=7, seconds=30, units=2), BudgetState()
    async with opened.session() as session:
        in_database, in_memory = PostgresBudget(session), InMemoryBudget(state)
        for backend in (in_database, in_memory):
            for cost in costs:
                number = await backend.reserve(price, per_minute=50)
                assert await backend.is_due(number, price, per_minute=1_000)
                await backend.settle(number, price, cost, per_minute=50)
            await backend.reserve(price, per_minute=50)
            number = await backend.reserve(price, per_minute=50)
            assert await backend.is_due(number, price, per_minute=20) is False
            assert await backend.is_due(number + 1, price, per_minute=20) is None
        rows = await session.execute(
            "select requests, round(extract(epoch from expires_at - now())) as left "
            "from wxyc_assets.lml_spending where expires_at > now() + interval '1 s' "
            "order by number"
        )
        stored = [(row["requests"], float(row["left"])) for row in await rows.fetchall()]
    now = asyncio.get_running_loop().time()
    reckoned = [(each.requests, each.expires_at - now) for each in state.spending.values()]
    kept = [(requests, left) for requests, left in reckoned if left > 1]
    assert [requests for requests, _ in stored] == [requests for requests, _ in kept]
    assert [left for _, left in stored] == pytest.approx([left for _, left in kept], abs=3)


async def test_a_lost_connection_stops_what_is_in_flight(opened: Database) -> None:
    stopped: list[bool] = []

    async def call(budget: SharedBudget) -> None:
        async with budget.admit(None):
            in_flight.set()
            try:
                await asyncio.sleep(PATIENCE_SECONDS)
            except asyncio.CancelledError:
                stopped.append(True)
                raise

    async def call_until_lost() -> None:
        async with (
            opened.session() as session,
            open_budget(PostgresBudget(session), max_in_flight=1, per_minute=0) as budget,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(2):
                group.create_task(call(budget))
            await in_flight.wait()
            async with opened.session() as other:
                await other.execute(
                    "select pg_terminate_backend(pid) from pg_locks "
                    "where locktype = 'advisory' and classid = %s and objid = 1",
                    [BUDGET_LOCKS],
                )

    in_flight = asyncio.Event()
    with pytest.raises(DatabaseUnavailable):
        await call_until_lost()
    assert stopped == [True]


async def test_a_cancelled_caller_leaves_the_connection_fit(opened: Database) -> None:
    price = Price("lookup", guess=7, seconds=30)
    async with (
        opened.session() as session,
        open_budget(PostgresBudget(session), max_in_flight=1, per_minute=10) as budget,
    ):
        async with budget.admit(price):
            pass
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01), budget.admit(price):
                    pass
        async with budget.admit(None):
            pass
        rows = await session.execute(
            "select requests from wxyc_assets.lml_spending "
            "where expires_at > now() + interval '10 seconds'"
        )
        assert [row["requests"] for row in await rows.fetchall()] == [7]
