"""The proof of `__main__` at a small scale."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wxyc_assets_tests.e2e.distribution.hosts import missing_requirement

PROJECT = Path(__file__).parents[3]
DIES_WITH_US = ["setpriv", "--pdeathsig", "KILL"]
PROVE = ["-m", "wxyc_assets_tests.e2e.distribution", "--scale", "0.01", "--ranges-per-run", "8"]
RIGHT_CLOCKS = ["--clock-offset", "0"]


@pytest.fixture
def machines() -> None:
    """Require REQUIRE_DISTRIBUTION: the proof needs root and takes several minutes."""
    if not os.environ.get("REQUIRE_DISTRIBUTION"):
        pytest.skip("REQUIRE_DISTRIBUTION is not set")
    if reason := missing_requirement():
        pytest.fail(f"REQUIRE_DISTRIBUTION is set, but {reason}")


@pytest.mark.distribution
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("machines")
def test_three_machines_write_the_rows_of_one_though_one_of_them_is_killed() -> None:
    done = subprocess.run(
        [*DIES_WITH_US, sys.executable, *PROVE, *RIGHT_CLOCKS],
        cwd=PROJECT,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout)  # noqa: T201
    assert done.returncode == 0, done.stderr
