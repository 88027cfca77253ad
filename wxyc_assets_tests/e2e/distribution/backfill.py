"""A backfill of the whole library through a real daemon, and what Dagster knows of it."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import dagster as dg
from dagster._core.execution.backfill import BulkActionStatus  # no public name

from wxyc_assets_tests.e2e.distribution.site import Site
from wxyc_assets_tests.e2e.operation.graphql import LAUNCH, backfill_of
from wxyc_assets_tests.e2e.operation.processes import run_program, running

ASSETS = ("library_candidates", "lml_resolutions", "library_identity", "library_artwork")
WORKER = "Celery worker"


class BackfillFailed(RuntimeError):
    """The backfill could not be started; the message has Dagster's words."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One beginning of a step on a host."""

    run_id: str
    step: str
    host: str


@dataclass(frozen=True, slots=True)
class Backfill:
    """As Dagster's own tables tell it."""

    instance: dg.DagsterInstance
    id: str

    def status(self) -> str | None:
        """How it ended, or None while it goes on."""
        found = self.instance.get_backfill(self.id)
        if found is None or found.status == BulkActionStatus.REQUESTED:
            return None
        return found.status.value

    def runs(self) -> list[dg.DagsterRun]:
        filters = dg.RunsFilter(tags={"dagster/backfill": self.id})
        records = self.instance.get_run_records(filters, ascending=True)
        return [record.dagster_run for record in records]

    def attempts(self) -> list[Attempt]:
        """Every step that a worker began: by run, and in order."""
        return [
            Attempt(each.run_id, event.step_key or "", host)
            for each in self.runs()
            for event in self._events(each, dg.DagsterEventType.ENGINE_EVENT)
            if (host := _host(event))
        ]

    def succeeded_steps(self) -> Counter[tuple[str, str]]:
        """Steps, by run and name."""
        return Counter(
            (each.run_id, event.step_key or "")
            for each in self.runs()
            for event in self._events(each, dg.DagsterEventType.STEP_SUCCESS)
        )

    def _events(self, of: dg.DagsterRun, kind: dg.DagsterEventType) -> Iterator[dg.DagsterEvent]:
        for entry in self.instance.all_logs(of.run_id, kind):
            if entry.dagster_event:
                yield entry.dagster_event


def daemon(site: Site, module: str) -> AbstractContextManager[None]:
    """Starts what is asked for: a queue of runs, and the runs themselves."""
    return running(
        ["dagster-daemon", "run", "-m", module],
        env=site.environment,
        cwd=site.home,
        log=site.home / "daemon.log",
    )


def launch(site: Site, module: str) -> str:
    """Asks for every range, as the UI does; returns the backfill's id."""
    params = backfill_of(ASSETS, site.ranges())
    launched = ("-m", module, "-t", LAUNCH, "-v", json.dumps({"params": params}))
    said = run_program("dagster-graphql", *launched, env=site.environment, cwd=site.home)
    answers = [line for line in said.stdout.splitlines() if line.startswith("{")]
    launched = json.loads(answers[0])["data"]["launchPartitionBackfill"] if answers else {}
    if "backfillId" not in launched:
        raise BackfillFailed(f"{said.stdout}\n{said.stderr}")
    return launched["backfillId"]


def _host(event: dg.DagsterEvent) -> str | None:
    worker = event.engine_event_data.metadata.get(WORKER)
    return str(worker.value).rpartition("@")[2] if worker else None
