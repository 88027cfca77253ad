"""`wxyc-assets accept-coverage`, and its line in the report, on a real database."""

import getpass
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.coverage import CoverageRules
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.coverage.snapshot import take_snapshot
from wxyc_assets_tests.e2e.operation.processes import run_program
from wxyc_assets_tests.support.backend_db import BackendDb

Command = Callable[..., subprocess.CompletedProcess[str]]
WHY = "5,000 records of the <annex> were withdrawn"


@pytest.fixture
def command(backend_db: BackendDb, tmp_path: Path) -> Command:
    """Runs `wxyc-assets` on the database."""
    environment = {**os.environ, "DATABASE_URL": backend_db.url}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_program("wxyc-assets", *arguments, env=environment, cwd=tmp_path)

    return run


async def take(database: Database, run_id: str) -> None:
    ranges = [IdRange(1, 1000)]
    await take_snapshot(
        CoverageStore(database), run_id=run_id, rules=CoverageRules(), ranges=ranges
    )


def test_without_a_snapshot_there_is_nothing_to_accept(command: Command) -> None:
    done = command("accept-coverage", "--why", WHY)
    assert done.returncode == 1
    expected = "Error: There is no snapshot yet. Take one with the job coverage_gates.\n"
    assert (done.stdout, done.stderr) == ("", expected)


def test_without_a_reason_nothing_is_accepted(command: Command, backend_db: BackendDb) -> None:
    done = command("accept-coverage", "--why", " ")
    assert done.returncode == 1
    assert done.stderr == "Error: Say who accepts the snapshot, and why: both go on record.\n"
    assert backend_db.value("select count(*) from coverage_acceptance") == 0


async def test_what_a_person_accepts_is_on_record_and_in_the_report(
    command: Command, opened: Database, backend_db: BackendDb, tmp_path: Path
) -> None:
    backend_db.record(1)
    await take(opened, "before")
    accepted = command("accept-coverage", "--why", WHY, "--by", "Ada")
    assert accepted.returncode == 0, accepted.stderr
    said = r"The snapshot of \d{4}-\d\d-\d\d \d\d:\d\d UTC is the baseline now.\n"
    assert re.fullmatch(said, accepted.stdout)
    row = backend_db.row("select run_id, accepted_by, why from coverage_acceptance")
    assert row == {"run_id": "before", "accepted_by": "Ada", "why": WHY}

    again = command("accept-coverage", "--why", WHY)
    assert again.returncode == 1
    assert "is accepted already. After a change, take a new one" in again.stderr

    await take(opened, "after")
    assert command("report").returncode == 0
    page = (tmp_path / "coverage.html").read_text()
    line = (
        r"<p>Compared with the snapshot of [\d-]+, which Ada accepted on [\d-]+: "
        r"5,000 records of the &lt;annex&gt; were withdrawn</p>"
    )
    assert len(re.findall(line, page)) == 1


async def test_without_a_name_it_is_the_user_of_the_system(
    command: Command, opened: Database, backend_db: BackendDb
) -> None:
    await take(opened, "before")
    assert command("accept-coverage", "--why", WHY).returncode == 0
    assert backend_db.value("select accepted_by from coverage_acceptance") == getpass.getuser()
