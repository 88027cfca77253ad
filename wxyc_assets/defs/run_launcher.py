"""Dagster's run launcher, which also notices runs that were lost with their code location.

A run is a process of the code location's server. When that is killed (an upgrade that did not wait,
a lost machine), nobody is left to report the run: it would be "started" for good and keep its place
in the queue. Run monitoring asks this launcher, and fails such a run; `run_retries` in dagster.yaml
then starts it again.
"""

import dagster as dg

from wxyc_assets.defs.dagster_internals import CheckRunHealthResult, WorkerStatus, current_runs


class MonitoredRunLauncher(dg.DefaultRunLauncher):
    """Launches runs in the code location's server, and knows which of them it still has."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Ask the server that a run was launched in; a server that is away may still have it."""
        client = self._get_grpc_client_for_termination(run.run_id)
        if client is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "it has ended, or is being launched")
        runs = current_runs(client)
        if runs is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "the code location is away")
        if run.run_id in runs:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "lost with its code location's server")
