"""The costs of a run, from outside: wall, PostgreSQL's CPU, memory, statements, LML's own time."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

import psutil
import psycopg
import stamina

from wxyc_assets_tests.e2e.operation.processes import BIN
from wxyc_sandbox.station import BACKEND, SandboxStation

SAMPLE_EVERY_SECONDS = 0.2
STATEMENTS = """
select coalesce(sum(calls), 0)::bigint
from pg_stat_statements s
join pg_database d on d.oid = s.dbid
where d.datname = 'backend'
and query not ilike '%pg_stat%'
"""
WRITES_ON_LIBRARY = """
select coalesce(sum(calls), 0)::bigint
from pg_stat_statements
where query ~* '(update|insert into|delete from)\\s+(wxyc_schema\\.)?library\\s'
"""
TRANSACTIONS = "select xact_commit from pg_stat_database where datname = 'backend'"


class RunFailed(RuntimeError):
    """The run that was to be measured did not succeed."""


class BackendsLeft(Exception):
    """Somebody is still connected to the station's database."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One run; seconds, MiB and counts."""

    wall: float
    lml_own: float
    """What LML's latencies add up to, spread over the calls in flight."""
    lml_calls: int
    lml_rows: int
    postgres_cpu: float
    run_cpu: float
    memory: float
    statements: int
    transactions: int
    writes_on_library: int


def measured(
    station: SandboxStation, command: Sequence[str], *, in_flight: int, route: str
) -> Cost:
    """Runs a command on the station, alone on the machine if the figures are to mean anything."""
    _query(station, "create extension if not exists pg_stat_statements")
    _query(station, "select pg_stat_statements_reset()")
    station.lml.counters.reset()
    before = _number(station, TRANSACTIONS), _postgres_cpu(station)
    environment = {**station.environment, "LML_MAX_CONCURRENT": str(in_flight)}
    started = monotonic()
    with (station.home / "bench.log").open("wb") as log:
        process = psutil.Popen(
            [BIN / command[0], *command[1:]], env=environment, stdout=log, stderr=log
        )
        memory, run_cpu = _watch(process)
    wall = monotonic() - started
    if process.returncode:
        raise RunFailed(f"{' '.join(command)} failed: see {station.home / 'bench.log'}")
    counters = station.lml.counters
    return Cost(
        wall=wall,
        lml_own=counters.service_seconds[route] / in_flight,
        lml_calls=counters.calls[route],
        lml_rows=counters.rows[route],
        postgres_cpu=_postgres_cpu(station) - before[1],
        run_cpu=run_cpu,
        memory=memory,
        statements=_number(station, STATEMENTS),
        transactions=_number(station, TRANSACTIONS) - before[0],
        writes_on_library=_number(station, WRITES_ON_LIBRARY),
    )


def _watch(process: psutil.Popen) -> tuple[float, float]:
    """Until it ends: the most memory it had (MiB), and the CPU it used (seconds)."""
    most, cpu = 0, 0.0
    while True:
        try:
            most = max(most, process.memory_info().rss)
            times = process.cpu_times()
            cpu = times.user + times.system
            process.wait(SAMPLE_EVERY_SECONDS)
        except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
            continue
        except psutil.NoSuchProcess:
            process.wait()
        return most / 2**20, cpu


def postgres_cpu(pid: int) -> float:
    """CPU seconds of a server and of all its backends, those that ended included."""
    server = psutil.Process(pid)
    times = server.cpu_times()
    own = times.user + times.system + times.children_user + times.children_system
    return own + sum(_cpu(each) for each in server.children())


def wait_for_backends_to_end(station: SandboxStation) -> None:
    """A backend's CPU time is the server's once its connection is closed and it was reaped."""
    server = psutil.Process(_pid(station))
    for attempt in stamina.retry_context(on=BackendsLeft, attempts=None, timeout=30, wait_max=0.1):
        with attempt:
            if any(f" {BACKEND} " in _title(each) for each in server.children()):
                raise BackendsLeft


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


def _postgres_cpu(station: SandboxStation) -> float:
    return postgres_cpu(_pid(station))


def _pid(station: SandboxStation) -> int:
    return int((station.home / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def _query(station: SandboxStation, statement: str) -> None:
    with psycopg.connect(station.database_url, autocommit=True) as connection:
        connection.execute(statement.encode())


def _number(station: SandboxStation, statement: str) -> int:
    with psycopg.connect(station.database_url, autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return row[0]
