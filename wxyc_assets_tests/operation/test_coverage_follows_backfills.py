"""A real daemon takes one snapshot after a backfill of several ranges."""

import httpx
import psycopg

from wxyc_assets.sandbox.station import Station
from wxyc_assets_tests.operation.test_backfill import (
    ASSETS,
    CHOSEN,
    LAUNCH,
    NotYet,
    ask,
    soon,
    webserver,
)

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

__all__ = ["webserver"]


def snapshots(station: Station) -> int:
    with psycopg.connect(station.database_url) as connection:
        found = connection.execute(
            "select count(*) from wxyc_assets.coverage_snapshot where dimension = 'all'"
        ).fetchone()
        assert found
        return found[0]


def test_one_snapshot_a_backfill(station: Station, webserver: httpx.Client):
    for attempt in soon():
        with attempt:
            sensor = ask(webserver, TICKS)["sensorOrError"]
            if not sensor.get("sensorState", {}).get("ticks"):
                raise NotYet
    params = {
        "assetSelection": [{"path": [name]} for name in ASSETS],
        "partitionNames": CHOSEN,
    }
    launched = ask(webserver, LAUNCH, params=params)["launchPartitionBackfill"]
    runs = []
    for attempt in soon():
        with attempt:
            answer = ask(webserver, RUNS, filter={"pipelineName": "coverage_gates"})
            runs = answer["runsOrError"]["results"]
            if not runs or runs[0]["status"] not in ENDED:
                raise NotYet
    (run,) = runs
    tags = {each["key"]: each["value"] for each in run["tags"]}
    assert tags["wxyc_assets/after_backfill"] == launched["backfillId"]
    assert run["status"] == "FAILURE"  # most of the library was not asked about
    assert snapshots(station) == 1
