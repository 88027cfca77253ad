"""A real daemon takes one snapshot after a backfill of several ranges."""

from typing import Any

import httpx
import psycopg

from wxyc_assets_tests.e2e.operation.graphql import ask, launch_backfill
from wxyc_assets_tests.e2e.operation.processes import wait_until
from wxyc_sandbox.station import SandboxStation

TICKS = """
query {
  sensorOrError(sensorSelector: {
    repositoryName: "__repository__",
    repositoryLocationName: "wxyc_assets.definitions",
    sensorName: "coverage_follows_backfills"
  }) { ... on Sensor { sensorState { ticks(limit: 1) { status } } } ... on PythonError { message } }
}
"""
RUNS = """
query ($filter: RunsFilter!) {
  runsOrError(filter: $filter) { ... on Runs { results { status tags { key value } } } }
}
"""
ENDED = {"SUCCESS", "FAILURE"}


def snapshots(station: SandboxStation) -> int:
    with psycopg.connect(station.database_url) as connection:
        found = connection.execute(
            "select count(*) from wxyc_assets.coverage_snapshot where dimension = 'all'"
        ).fetchone()
        assert found
        return found[0]


def test_a_backfill_is_followed_by_one_snapshot(
    station: SandboxStation, webserver: httpx.Client
) -> None:
    def has_ticked() -> bool:
        sensor = ask(webserver, TICKS)["sensorOrError"]
        return bool(sensor.get("sensorState", {}).get("ticks"))

    def runs() -> list[dict[str, Any]]:
        answer = ask(webserver, RUNS, filter={"pipelineName": "coverage_gates"})
        return [each for each in answer["runsOrError"]["results"] if each["status"] in ENDED]

    wait_until(has_ticked)
    backfill_id = launch_backfill(webserver)
    wait_until(lambda: bool(runs()))
    (run,) = runs()
    tags = {each["key"]: each["value"] for each in run["tags"]}
    assert tags["wxyc_assets/after_backfill"] == backfill_id
    # Most of the library has no answer yet, but the ranges of the backfill have.
    assert run["status"] == "SUCCESS"
    assert snapshots(station) == 1
