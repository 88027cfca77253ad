"""`make distribution`: one backfill on three machines; one is killed, one has a wrong clock.

The machines are namespaces of this one, each with its own network, name, processes, memory and
disk. Their rows are compared with those that one machine writes for the same library.
"""

import json
import os
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep, time
from typing import Annotated, TypeVar

import dagster as dg
import typer
from rich.console import Console
from rich.table import Table

from wxyc_assets.flows.artwork.pipeline import WORKERS_PER_CALL
from wxyc_assets_tests.e2e.distribution import backfill, hosts, rows
from wxyc_assets_tests.e2e.distribution.backfill import Attempt, Backfill
from wxyc_assets_tests.e2e.distribution.hosts import Host
from wxyc_assets_tests.e2e.distribution.site import ROWS_A_CALL, Site, run_site, worker_settings
from wxyc_assets_tests.e2e.operation.processes import BIN, run_program
from wxyc_sandbox.station import CALLS_IN_FLIGHT

HOSTS = 3
LATENCY_SECONDS = 0.4
"""LML's latency: long enough to kill a machine while it waits."""
CALLS_BEFORE_THE_KILL = 3
WRONG_CLOCK = 3
"""The number of the machine whose clock is wrong: its steps and the others' change hands."""
TIMEOUT_SECONDS = 900.0
LOOKUPS = "library_artwork"
"""The step that looks covers up."""
ON_CELERY = "wxyc_assets.on_celery"
JOB = ("dagster", "job", "execute", "-m", "wxyc_assets.definitions", "-j")
START_WORKER = """
printf %s "$WORKER_YAML" > "$HOME/worker.yaml"
exec "$@" worker start -A dagster_celery.app -y "$HOME/worker.yaml" -- --concurrency=1
"""
FAKETIME = ("faketime", "--exclude-monotonic", "-f")

console = Console(width=120)

Claim = tuple[bool, str]
Seen = TypeVar("Seen")


class BaselineRunFailed(RuntimeError):
    """The run on one machine, the baseline of the comparison, failed."""


class WaitTimedOut(RuntimeError):
    """A condition was not met within the timeout."""


@dataclass(frozen=True, slots=True)
class LostHost:
    """A killed machine, and the state right after its loss."""

    host: Host
    stored: dict[int, int]
    """Records with a stored answer, each with LML's number of answers for it."""
    unfinished: set[tuple[str, str]]
    """Its unfinished steps, by run and name."""
    orphans: int
    """Its requests that LML may have gone on with."""

    @property
    def lookups_in_work(self) -> int:
        """The most lookups that were in flight, or whose answers were not yet stored."""
        is_looking_up = any(step == LOOKUPS for _, step in self.unfinished)
        return CALLS_IN_FLIGHT * WORKERS_PER_CALL if is_looking_up else 0


def main(
    scale: Annotated[float, typer.Option(help="Scale of the library; 1 is the station's.")] = 0.02,
    ranges_per_run: Annotated[int, typer.Option(help="RANGES_PER_RUN, of 32 ranges.")] = 6,
    clock_offset: Annotated[
        int, typer.Option(help="Seconds that the third machine's clock is ahead; or -, behind.")
    ] = -600,
) -> None:
    """Run the proof, print the evidence, and exit with 1 if any claim fails."""
    if not hosts.inside_site():
        if reason := hosts.missing_requirement():
            console.print(f"Cannot create machines here: {reason}")
            raise typer.Exit(2)
        hosts.enter_site([sys.executable, "-m", __spec__.parent, *sys.argv[1:]])
    hosts.build_network()
    with hosts.site_folder() as home:
        site = run_site(
            home,
            scale,
            ranges_per_run=ranges_per_run,
            latency_seconds=LATENCY_SECONDS,
        )
        with site as running, _logs_of_a_failure(home):
            claims = _prove(running, clock_offset)
    for passes, claim in claims:
        console.print(f"[green]passes[/] {claim}" if passes else f"[red]FAILS[/]  {claim}")
    if not all(passes for passes, _ in claims):
        raise typer.Exit(1)


@contextmanager
def _logs_of_a_failure(home: Path) -> Generator[None]:
    try:
        yield
    except Exception:
        for log in sorted(home.glob("*.log")):
            tail = log.read_text(errors="replace").splitlines()[-15:]
            console.print(f"--- {log.name}", *tail, sep="\n", markup=False)
        raise


def _prove(site: Site, clock_offset: int) -> list[Claim]:
    alone_seconds = _run_alone(site)
    alone = rows.written(site.alone)
    lookups_alone = site.lml.counters.calls["lookup"]
    site.lml.counters.reset()
    site.caller_log.reset()
    site.caller_log.await_meeting()
    os.environ.update(site.variables)
    started, began = monotonic(), time()
    with ExitStack() as stack:
        instance = stack.enter_context(dg.DagsterInstance.get())
        machines = [
            stack.enter_context(_worker(site, number, clock_offset if number == WRONG_CLOCK else 0))
            for number in range(1, HOSTS + 1)
        ]
        stack.enter_context(backfill.daemon(site, ON_CELERY))
        launched = Backfill(instance, backfill.launch(site, ON_CELERY))
        mortal = machines[: WRONG_CLOCK - 1] if clock_offset else machines
        lost = _kill_one_host(site, launched, machines, mortal)
        _wait(launched.status, "the backfill ends", poll=1)
        seconds = monotonic() - started
        _print(site, launched.attempts(), machines, lost)
        claims = [*_claims_of_dagster(launched, machines, lost), *_claims_of_lml(site, lost)]
        if clock_offset:
            wrong = machines[WRONG_CLOCK - 1]
            claims.append(_clock_was_wrong(launched, wrong, clock_offset, (began, time())))
        claims.append(_machines_worked_at_once(site))
        starts = sum(each.step == LOOKUPS for each in launched.attempts())
        again = (starts - len(launched.runs())) * rows.lookups_without_answer(site.backend)
    here = site.lml.counters.calls["lookup"]
    claims.append(_same_number_of_lookups(lookups_alone, here, lost.lookups_in_work, again))
    claims.append(_same_rows(alone, rows.written(site.backend)))
    console.print(
        f"One machine: {alone_seconds:.0f} s. Three, with {LATENCY_SECONDS:g} s per answer, a "
        f"daemon and a kill: {seconds:.0f} s."
    )
    return claims


def _run_alone(site: Site) -> float:
    """Run the same library without machines, one process at a time; return the seconds."""
    empty = site.home / "nothing"
    empty.mkdir()
    environment = {**site.environment, "DATABASE_URL": site.alone, "DAGSTER_HOME": str(empty)}
    started = monotonic()
    for job in ("library_identity_job", "library_artwork_job"):
        command = (*JOB, job, "--tags", json.dumps(site.all_ranges()))
        done = run_program(*command, env=environment, cwd=site.home, timeout=TIMEOUT_SECONDS)
        if done.returncode:
            raise BaselineRunFailed(done.stdout + done.stderr)
    return monotonic() - started


@contextmanager
def _worker(site: Site, number: int, clock_offset: int) -> Generator[Host]:
    """Run a machine with one worker."""
    variables = {
        **site.environment,
        "WORKER_YAML": worker_settings(),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
    }
    clock = (*FAKETIME, f"{clock_offset:+d}s") if clock_offset else ()
    command = ["sh", "-c", START_WORKER, "sh", *clock, str(BIN / "dagster-celery")]
    with hosts.host(number, site.home, command, variables) as machine:
        yield machine


def _kill_one_host(
    site: Site, launched: Backfill, machines: Sequence[Host], mortal: Sequence[Host]
) -> LostHost:
    """Kill a mortal machine that waits for LML, once all have called it and an answer is stored."""
    caller_log = site.caller_log

    def victims() -> list[Host]:
        have_called = all(caller_log.calls[each.address] for each in machines)
        if not have_called or not rows.stored(site.backend):
            return []
        return [
            each
            for each in mortal
            if caller_log.in_progress(each.address)
            and caller_log.calls[each.address] >= CALLS_BEFORE_THE_KILL
        ]

    lost = _wait(victims, "all machines have called LML", poll=0.01)[0]
    orphans = caller_log.lose(lost.address)
    lost.kill()
    _wait(
        lambda: not rows.sessions(site.backend, lost.address),
        "the sessions of the killed machine end",
        poll=0.1,
    )
    kept = rows.stored(site.backend)
    answered = dict(site.lml.counters.answered)
    ended = launched.succeeded_steps()
    begun = {(each.run_id, each.step) for each in launched.attempts() if each.host == lost.name}
    return LostHost(lost, {row: answered[row] for row in kept}, begun - set(ended), orphans)


def _wait(look: Callable[[], Seen], what: str, *, poll: float) -> Seen:
    """Poll until the result is truthy; return it."""
    deadline = monotonic() + TIMEOUT_SECONDS
    while not (seen := look()):
        if monotonic() > deadline:
            raise WaitTimedOut(f"after {TIMEOUT_SECONDS:g} s condition not met: {what}")
        sleep(poll)
    return seen


def _claims_of_dagster(
    launched: Backfill, machines: Sequence[Host], lost: LostHost
) -> Iterator[Claim]:
    tried, runs, status = launched.attempts(), launched.runs(), launched.status()
    hosts_seen = {each.host for each in tried}
    ended = launched.succeeded_steps()
    yield (
        hosts_seen == {each.name for each in machines},
        f"{len(hosts_seen)} machines executed the {len(ended)} steps of {len(runs)} runs",
    )
    elsewhere = {(each.run_id, each.step) for each in tried if each.host != lost.host.name}
    moved = lost.unfinished & elsewhere & set(ended)
    yield (
        bool(moved) and moved == lost.unfinished,
        f"{lost.host.name} was killed with {_count_of(len(lost.unfinished), 'step')} unfinished; "
        f"{len(moved)} completed elsewhere",
    )
    green = [each for each in runs if each.status == dg.DagsterRunStatus.SUCCESS]
    yield (
        status == "COMPLETED_SUCCESS" and green == runs,
        f"{len(green)} of {len(runs)} runs succeeded, the backfill is {status}",
    )
    outward = [each.name for each in machines if each.route_out()]
    yield (
        not outward,
        f"{len(outward)} machines have a route out of their network, or a shared disk",
    )


def _claims_of_lml(site: Site, lost: LostHost) -> Iterator[Claim]:
    counters = site.lml.counters
    most = site.caller_log.most_in_flight
    yield (
        most == CALLS_IN_FLIGHT,
        f"at most {most} requests in flight from all machines; the limit is {CALLS_IN_FLIGHT}",
    )
    yield (
        counters.most_in_flight <= CALLS_IN_FLIGHT + lost.orphans,
        f"at most {counters.most_in_flight} at LML at a time: the killed machine left "
        f"{lost.orphans} behind, and its permits were released",
    )
    again = [row for row, times in lost.stored.items() if counters.answered[row] > times]
    yield (
        bool(lost.stored) and not again,
        f"of {len(lost.stored)} answers stored at the kill, {len(again)} were requested again",
    )
    twice = counters.answered_more_than_once
    yield (
        twice <= CALLS_IN_FLIGHT * ROWS_A_CALL,
        f"{twice} rows of {len(counters.answered)} were answered twice: those in flight to "
        f"the killed machine, at most {CALLS_IN_FLIGHT * ROWS_A_CALL}",
    )


def _machines_worked_at_once(site: Site) -> Claim:
    """Claim that machines share the work."""
    callers = site.caller_log.most_callers_at_once
    return callers > 1, f"{callers} machines called LML at the same moment"


def _clock_was_wrong(
    launched: Backfill, machine: Host, offset: int, backfill: tuple[float, float]
) -> Claim:
    """Claim that a machine dated its first start before the backfill, or its last after it."""
    began, ended = backfill
    dated = [each.at for each in launched.attempts() if each.host == machine.name]
    if offset < 0:
        apart, when = began - min(dated, default=began), "before the backfill began"
    else:
        apart, when = max(dated, default=ended) - ended, "after the backfill ended"
    starts = _count_of(len(dated), "start")
    return (
        apart > 0,
        f"the clock of {machine.name} was {abs(offset)} s {'ahead' if offset > 0 else 'behind'}: "
        f"of its {starts} it dated one {apart:.0f} s {when}",
    )


def _count_of(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _same_number_of_lookups(alone: int, here: int, in_work: int, again: int) -> Claim:
    """Claim that none was repeated, but those in work at the kill and those without an answer.

    A long step is started twice, and each start asks again where LML could not say.
    """
    return (
        alone <= here <= alone + in_work + again,
        f"{here} albums were looked up, {alone} by one machine: none that was stored was looked up "
        f"twice; at most {in_work} were in work on the killed machine, and at most {again} were "
        "repeated because LML could not say",
    )


def _same_rows(alone: rows.Rows, here: rows.Rows) -> Claim:
    differ = [table for table in alone if alone[table] != here[table]]
    number = sum(each.total() for each in here.values())
    but = f", except {', '.join(differ)}" if differ else ""
    for table in differ:
        lost, new = alone[table] - here[table], here[table] - alone[table]
        console.print(
            f"{table}: {lost.total()} rows lost, {new.total()} new", *[*lost][:1], *[*new][:1]
        )
    return not differ, f"{number:,} rows in {len(here)} tables equal those of one machine{but}"


def _print(site: Site, tried: Sequence[Attempt], machines: Sequence[Host], lost: LostHost) -> None:
    table = Table(title="Work by machine")
    for column in ("machine", "address", "steps started", "of runs", "calls to LML", ""):
        table.add_column(column)
    for each in machines:
        own = [attempt.run_id for attempt in tried if attempt.host == each.name]
        figures = len(own), len(set(own)), site.caller_log.calls[each.address]
        state = "killed" if each is lost.host else ""
        table.add_row(each.name, each.address, *map(str, figures), state)
    steps = Table(title="Machines that started each step")
    for column in ("run", "step", "machines"):
        steps.add_column(column)
    for run_id, step in dict.fromkeys((each.run_id, each.step) for each in tried):
        begun = [each.host for each in tried if (each.run_id, each.step) == (run_id, step)]
        steps.add_row(run_id[:8], step, ", ".join(begun))
    console.print(table, steps)


if __name__ == "__main__":
    application = typer.Typer(pretty_exceptions_enable=False)
    application.command()(main)
    application()
