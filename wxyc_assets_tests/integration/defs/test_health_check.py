"""The daemon is as healthy as its newest heartbeat, and the check does without Dagster."""

import os
import subprocess
import sys
from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat

CHECK = (sys.executable, "-X", "importtime", "-m", "wxyc_assets.health_check", "daemon")
IMPORTED_DAGSTER = "dagster\n"


def check() -> subprocess.CompletedProcess[str]:
    return subprocess.run(CHECK, env=os.environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("age_seconds", "exit_code"), [(30, 0), (600, 1)])
def test_a_heartbeat_is_good_for_minutes(
    production_instance: dg.DagsterInstance, age_seconds: float, exit_code: int
) -> None:
    moment = datetime.now(UTC).timestamp() - age_seconds
    production_instance.add_daemon_heartbeat(
        DaemonHeartbeat(timestamp=moment, daemon_type="SENSOR", daemon_id="one", errors=None)
    )
    done = check()
    assert done.returncode == exit_code, done.stderr[-500:]
    assert ("NotHealthy" in done.stderr) == bool(exit_code)
    assert IMPORTED_DAGSTER not in done.stderr


def test_a_daemon_that_never_ran_is_not_healthy(production_instance: dg.DagsterInstance) -> None:
    assert "NotHealthy" in check().stderr
