"""Fixtures: a small station for tests that run real processes."""

import tempfile
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from wxyc_assets_tests.e2e.operation.processes import free_port, running
from wxyc_assets_tests.e2e.operation.ranges import CEILING, WIDTH
from wxyc_sandbox.station import SandboxStation, run_station


@pytest.fixture(scope="module")
def project() -> Generator[Path]:
    """A folder that PostgreSQL's user can reach."""
    with tempfile.TemporaryDirectory(prefix="wxyc-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="module")
def station(project: Path) -> Generator[SandboxStation]:
    shape = {"LIBRARY_MAX_ID": str(CEILING), "LIBRARY_RANGE_WIDTH": str(WIDTH)}
    with run_station(project, scale=0.01) as station:
        yield replace(station, variables=station.variables | shape)


@pytest.fixture(scope="module")
def at_once(project: Path) -> tuple[str, str]:
    """Options of a `rotation_job` that asks again without the pause of half a minute."""
    config = project / "at-once.yaml"
    config.write_text("ops: {rotation_cache: {config: {pause_seconds: 0}}}")
    return "--config", str(config)


@pytest.fixture(scope="module")
def webserver(station: SandboxStation) -> Generator[httpx.Client]:
    """A client of a webserver, with a daemon, on the station's persistent instance."""
    port = free_port()
    servers = running(
        ["dagster-webserver", "-m", "wxyc_assets.definitions", "-h", "127.0.0.1", "-p", str(port)],
        ["dagster-daemon", "run", "-m", "wxyc_assets.definitions"],
        env=station.environment,
        cwd=station.home,
        log=station.home / "ui.log",
    )
    with servers, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        yield client
