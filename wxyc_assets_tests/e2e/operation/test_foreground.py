"""Stations shared by several commands, and commands that are signalled to stop."""

import os
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

import pytest

from wxyc_assets_tests.e2e.operation.processes import BIN, run_program
from wxyc_sandbox.postgres import Postgres, default_home

SCALE = "0.004"
STAYS = ("sh", "-c", "echo here; exec sleep 600")


@pytest.fixture
def server(project: Path) -> Postgres:
    """The server that the commands start and stop."""
    return Postgres(default_home(project) / f"scale-{SCALE}" / "postgres")


@contextmanager
def sandbox(project: Path, *arguments: str) -> Generator[subprocess.Popen[str]]:
    """Start a long-running command and wait for its first line of output."""
    command = [BIN / "wxyc-sandbox", *arguments]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline()
        try:
            yield process
        finally:
            process.terminate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_station_ends_with_its_command(
    project: Path, server: Postgres, number: signal.Signals
) -> None:
    with sandbox(project, "up", "--scale", SCALE) as process:
        assert server.running
        process.send_signal(number)
        assert process.wait() == 128 + number
    assert not server.running


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_on_a_station_is_stopped_first(
    project: Path, server: Postgres, number: signal.Signals
) -> None:
    with sandbox(project, "run", "--scale", SCALE, "--", *STAYS) as process:
        process.send_signal(number)
        assert process.wait() == 128 + signal.SIGTERM
    assert not server.running


def test_a_command_does_not_inherit_an_ignored_ctrl_c(project: Path) -> None:
    ours = f'exec {quote(str(BIN))}/wxyc-sandbox run --scale {SCALE} -- "$@"'
    asked = [BIN / "python", "-c", "import signal; print(signal.getsignal(signal.SIGINT))"]
    done = subprocess.run(
        ["/bin/sh", "-c", f"trap '' INT; {ours}", "sh", *asked],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "default_int_handler" in done.stdout, done.stderr


def test_the_last_user_of_a_station_stops_it(project: Path, server: Postgres) -> None:
    with sandbox(project, "up", "--scale", SCALE):
        beside = ("wxyc-sandbox", "run", "--scale", SCALE, "--", "true")
        assert run_program(*beside, env=os.environ, cwd=project).returncode == 0
        assert server.running
    assert not server.running


def test_a_missing_program_is_named_before_anything_starts(project: Path) -> None:
    done = run_program("wxyc-sandbox", "run", "nosuchprogram", env=os.environ, cwd=project)
    assert done.returncode == 2
    assert "nosuchprogram" in done.stderr
    assert "Traceback" not in done.stderr
