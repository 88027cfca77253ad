"""Errors that a user can mend: one line, exit code 1, no traceback."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import psycopg
import pytest

from wxyc_assets_tests.e2e.operation.processes import run_program

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def busy_port() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def run(
    *command: str, cwd: Path, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return run_program(*command, env={**os.environ, **(variables or {})}, cwd=cwd)


def only_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line that a failed command printed."""
    assert done.returncode == 1, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    assert done.stdout == ""
    return line


@pytest.mark.parametrize(
    "command",
    [
        ("lml", "--scale", "0.001"),
        ("ui", "--scale", "0.001"),
    ],
    ids=lambda command: command[0],
)
def test_a_busy_port(busy_port: int, tmp_path: Path, command: tuple[str, ...]) -> None:
    done = run("wxyc-sandbox", *command, "--port", str(busy_port), cwd=tmp_path)
    expected = f"Port {busy_port} cannot be used (Address already in use)"
    assert only_line(done) == f"Error: {expected}: choose another with --port."


def test_a_filled_database(backend: str, tmp_path: Path) -> None:
    done = run("wxyc-sandbox", "seed", backend, "--scale", "0.001", cwd=tmp_path)
    assert "The schema wxyc_schema is filled already: take an empty database" in only_line(done)


def test_a_database_out_of_reach(tmp_path: Path) -> None:
    url = "postgresql://u:hush@127.0.0.1:1/x"
    for done in (
        run("wxyc-sandbox", "seed", url, "--scale", "0.001", cwd=tmp_path),
        run("wxyc-assets", "migrate", cwd=tmp_path, variables={"DATABASE_URL": url}),
    ):
        line = only_line(done)
        assert line.startswith("Error: connection failed:")
        assert "Is PostgreSQL up?" in line or "Is PostgreSQL up, and" in line
        assert "hush" not in line


def test_tables_of_somebody_else(backend: str, tmp_path: Path) -> None:
    with psycopg.connect(backend) as connection:
        connection.execute("create schema wxyc_assets create table library_candidate ()")
    done = run("wxyc-assets", "migrate", cwd=tmp_path, variables={"DATABASE_URL": backend})
    assert "choose another ASSETS_SCHEMA_NAME" in only_line(done)


def without(package: str, folder: Path) -> dict[str, str]:
    """Return the variables under which a package is missing."""
    absent = folder / "absent" / package
    absent.mkdir(parents=True)
    reason = f'raise ModuleNotFoundError("No module named {package}", name="{package}")'
    (absent / "__init__.py").write_text(reason)
    return {"PYTHONPATH": str(absent.parent)}


def test_a_missing_extra(tmp_path: Path) -> None:
    done = run("wxyc-sandbox", "demo", cwd=tmp_path, variables=without("starlette", tmp_path))
    expected = "Error: starlette is missing: pip install 'wxyc-assets[sandbox]'"
    assert only_line(done) == expected


def test_a_missing_extra_of_a_job(tmp_path: Path) -> None:
    variables = {"DAGSTER_HOME": str(tmp_path), **without("dagster_celery", tmp_path)}
    command = ("dagster", "job", "execute", "-m", "wxyc_assets.on_celery", "-j", "library_full")
    done = run(*command, cwd=tmp_path, variables=variables)
    assert done.returncode == 1
    expected = "Error: dagster_celery is missing: pip install 'wxyc-assets[celery]'"
    assert done.stderr.splitlines()[-1] == expected
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        (
            {"BATCH_SIZE": "1001"},
            "  BATCH_SIZE='1001': Input should be less than or equal to 1000",
        ),
        (
            {"SENTRY_DSN": "x"},
            "Error: SENTRY_DSN is not a DSN such as https://key@sentry.example.org/1: "
            "Unsupported scheme ''",
        ),
    ],
    ids=["setting", "dsn"],
)
def test_a_bad_variable_of_a_job(tmp_path: Path, variables: dict[str, str], line: str) -> None:
    command = ("dagster", "job", "execute", "-m", "wxyc_assets.definitions", "-j", "library_full")
    done = run(*command, cwd=tmp_path, variables={"DAGSTER_HOME": str(tmp_path), **variables})
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == line
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("program", ["wxyc-assets", "wxyc-sandbox"])
def test_the_version_and_the_help(program: str, tmp_path: Path) -> None:
    shown = run(program, "--version", cwd=tmp_path)
    assert (shown.returncode, shown.stdout) == (0, f"wxyc-assets {version('wxyc-assets')}\n")
    assert "Usage" in run(program, "-h", cwd=tmp_path).stdout


def test_make_lists_its_targets_and_cleans_up(tmp_path: Path) -> None:
    shutil.copy(PROJECT / "Makefile", tmp_path)
    for name in (".pytest_cache", ".venv/__pycache__", ".sandbox", "wxyc_assets/__pycache__"):
        (tmp_path / name).mkdir(parents=True)

    def make(target: str) -> str:
        done = subprocess.run(
            ["make", "--no-print-directory", target],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    listed = {line.split()[1] for line in make("help").splitlines()}
    phony = re.search(r"^\.PHONY: (.+)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    assert listed == {*phony[1].split()}
    make("clean")
    left = {str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*")}
    assert left == {"Makefile", ".venv", ".venv/__pycache__", ".sandbox", "wxyc_assets"}
