"""Sabotages as a person meets them: the exit code and the output of `dagster job execute`."""

import re
from pathlib import Path

import pytest

from wxyc_assets_tests.e2e.operation.processes import run_program
from wxyc_assets_tests.e2e.sabotage.conftest import StationOn
from wxyc_assets_tests.e2e.sabotage.sabotages import SABOTAGES, Sabotage

JOB = ("dagster", "job", "execute", "-m", "wxyc_assets.definitions", "-j")
NAMED = re.compile(r"failed with ERROR severity:\s+\w+: ([\w,]+)")
CHOSEN = ("all sources are gone", "LML knows nobody any more", "the database refuses new decisions")


@pytest.mark.parametrize(
    "sabotage", [each for each in SABOTAGES if each.name in CHOSEN], ids=lambda each: each.name
)
def test_the_exit_code_and_the_output_name_a_sabotage(
    sabotage: Sabotage,
    station_on: StationOn,
    healthy_template: str,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    with station_on(healthy_template) as station:
        sabotage.do(station)
        variables = {**environment, "DATABASE_URL": station.database_url}
        done = run_program(*JOB, sabotage.job, env=variables, cwd=tmp_path)
    assert done.returncode != 0
    named = NAMED.search(done.stderr)
    assert named, done.stderr
    assert {*named[1].split(",")} == sabotage.failed
