"""A run that was lost with its code location is told from one whose location is away."""

import json
import os
from pathlib import Path

import dagster as dg
from dagster._core.launcher import WorkerStatus

from wxyc_assets_tests.e2e.operation.processes import free_port, running, wait_until
from wxyc_assets_tests.integration.defs.alert_station import defs


def test_a_run_is_lost_when_its_server_no_longer_has_it(
    production_instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    port = str(free_port())
    server = {"host": "localhost", "port": int(port)}
    run = production_instance.create_run_for_job(
        defs.resolve_job_def("coverage_job"),
        status=dg.DagsterRunStatus.STARTED,
        tags={".dagster/grpc_info": json.dumps(server)},
    )
    launcher = production_instance.run_launcher
    assert launcher.supports_check_run_worker_health
    assert launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING
    command = ["dagster", "api", "grpc", "--port", port, "--module-name", "wxyc_assets.definitions"]
    with running(command, env=os.environ, cwd=tmp_path, log=tmp_path / "code.log"):
        wait_until(lambda: launcher.check_run_worker_health(run).status == WorkerStatus.NOT_FOUND)
