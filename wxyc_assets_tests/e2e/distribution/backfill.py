"""A backfill of the whole library through a real daemon, and Dagster's records of it."""

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
    """The backfill could not be launched; the message is Dagster's output."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One start of a step on a host."""

    run_id: str
    step: str
    host: str
    at: float
    """By the host's own clock."""


@dataclass(frozen=True, slots=True)
class Backfill:
    """A launched backfill, read from Dagster's own tables."""

    instance: dg.DagsterInstance
    id: str

    def status(self) -> str | None:
        """Return the final status, or None while the backfill runs."""
        found = self.instance.get_backfill(self.id)
        if found is None or found.status == BulkActionStatus.REQUESTED:
            return None
        return found.status.value

    def runs(self) -> list[dg.DagsterRun]:
        """Return the backfill's runs, oldest first."""
        filters = dg.RunsFilter(tags={"dagster/backfill": self.id})
        records = self.instance.get_run_records(filters, ascending=True)
        return [record.dagster_run for record in records]

    def attempts(self) -> list[Attempt]:
        """Return every start of a step on a worker, by run, in order."""
        return [
            Attempt(each.run_id, event.step_key or "", host, at)
            for each in self.runs()
            for event, at in self._events(each, dg.DagsterEventType.ENGINE_EVENT)
            if (host := _host(event))
        ]

    def succeeded_steps(self) -> Counter[tuple[str, str]]:
        """Return the successful steps, by run and name."""
        return Counter(
            (each.run_id, event.step_key or "")
            for each in self.runs()
            for event, _ in self._events(each, dg.DagsterEventType.STEP_SUCCESS)
        )

    def _events(
        self, of: dg.DagsterRun, kind: dg.DagsterEventType
    ) -> Iterator[tuple[dg.DagsterEvent, float]]:
        for entry in self.instance.all_logs(of.run_id, kind):
            if entry.dagster_event:
                yield entry.dagster_event, entry.timestamp


def daemon(site: Site, module: str) -> AbstractContextManager[None]:
    """Run a daemon, which launches backfills and queued runs."""
    return running(
        ["dagster-daemon", "run", "-m", module],
        env=site.environment,
        cwd=site.home,
        log=site.home / "daemon.log",
    )


def launch(site: Site, module: str) -> str:
    """Launch a backfill of every range, as the UI does; return its id."""
    params = backfill_of(ASSETS, site.ranges())
    arguments = ("-m", module, "-t", LAUNCH, "-v", json.dumps({"params": params}))
    done = run_program("dagster-graphql", *arguments, env=site.environment, cwd=site.home)
    answers = [line for line in done.stdout.splitlines() if line.startswith("{")]
    launched = json.loads(answers[0])["data"]["launchPartitionBackfill"] if answers else {}
    if "backfillId" not in launched:
        raise BackfillFailed(f"{done.stdout}\n{done.stderr}")
    return launched["backfillId"]


def _host(event: dg.DagsterEvent) -> str | None:
    worker = event.engine_event_data.metadata.get(WORKER)
    return str(worker.value).rpartition("@")[2] if worker else None
