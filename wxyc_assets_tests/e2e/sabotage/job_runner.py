"""The project's jobs, run by Dagster in one child process with an environment of its own.

Nothing of `wxyc_assets` is imported at the top: the child must read its own environment.
"""

import multiprocessing
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from wxyc_assets_tests.e2e.proofs.forked_cli import PRELOADED

SECONDS_PER_JOB = 900

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(PRELOADED)


@dataclass(frozen=True, slots=True)
class Order:
    """A job to run on a database."""

    job: str
    database_url: str
    run_config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Verdict:
    """The end of a run: its success, which is the exit code of `dagster job execute`, and why."""

    succeeded: bool
    checks: Mapping[str, str]
    """The description of each check that was evaluated, by its name."""
    failed: frozenset[str]
    """The checks that failed; those that only warn are not among them."""
    trouble: str
    """What the steps that failed say, apart from failed checks."""

    @property
    def story(self) -> str:
        """All that went wrong, for people."""
        return "\n".join(
            [*(f"{name}: {self.checks[name]}" for name in sorted(self.failed)), self.trouble]
        )


@dataclass(frozen=True, slots=True)
class JobRunner:
    """The parent's end of the connection to the child, and the child's log."""

    connection: Connection
    log: Path

    def run(self, order: Order) -> Verdict:
        """Run a job to its end."""
        self.connection.send(order)
        assert self.connection.poll(SECONDS_PER_JOB), f"{order.job} does not end:\n{self._output}"
        try:
            return self.connection.recv()
        except EOFError:
            raise AssertionError(f"{order.job} ended the process:\n{self._output}") from None

    @property
    def _output(self) -> str:
        return self.log.read_text(errors="replace")[-6_000:]


@contextmanager
def job_runner(environment: Mapping[str, str], log: Path) -> Generator[JobRunner]:
    """Start the child; it ends with the block."""
    ours, theirs = _context.Pipe()
    child = _context.Process(target=_serve, args=(theirs, dict(environment), log), daemon=True)
    child.start()
    theirs.close()
    try:
        yield JobRunner(ours, log)
    finally:
        ours.close()
        child.join()


def _serve(orders: Connection, environment: Mapping[str, str], log: Path) -> None:
    """Run jobs until the parent closes the connection."""
    with log.open("a") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    os.environ.clear()
    os.environ.update(environment)
    while True:
        try:
            order: Order = orders.recv()
        except EOFError:
            return
        orders.send(_execute(order))


def _execute(order: Order) -> Verdict:
    import dagster as dg

    os.environ["DATABASE_URL"] = order.database_url
    from wxyc_assets.definitions import defs

    with dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_job_def(order.job).execute_in_process(
            instance=instance,
            run_config=order.run_config,
            tags=order.tags,
            raise_on_error=False,
        )
        evaluations = result.get_asset_check_evaluations()
        failures = [
            str(event.step_failure_data.user_failure_data or event.step_failure_data.error)
            for event in result.all_events
            if event.is_step_failure
        ]
    return Verdict(
        succeeded=result.success,
        checks={each.check_name: each.description or "" for each in evaluations},
        failed=frozenset(
            each.check_name
            for each in evaluations
            if not each.passed and each.severity is dg.AssetCheckSeverity.ERROR
        ),
        trouble="\n".join(failures),
    )
