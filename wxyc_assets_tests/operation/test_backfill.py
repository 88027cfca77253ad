"""A backfill of chosen ranges, as the UI starts it: a real webserver, a real daemon, GraphQL."""

import socket
import subprocess
from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
import stamina

from wxyc_assets.sandbox.station import Station
from wxyc_assets_tests.operation.processes import BIN

CHOSEN = ["0000026-0000050", "0000101-0000125"]
ASSETS = ["library_candidates", "lml_resolutions", "library_identity"]
LAUNCH = """
mutation ($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""
STATUS = """
query ($id: String!) {
  partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } }
}
"""
MATERIALIZED = """
query ($key: AssetKeyInput!) {
  assetNodeOrError(assetKey: $key) {
    ... on AssetNode {
      assetPartitionStatuses {
        ... on DefaultPartitionStatuses { materializedPartitions failedPartitions }
      }
    }
  }
}
"""


class NotYet(Exception):
    """What we wait for did not happen so far."""


def soon() -> Any:
    """Tries again for up to four minutes."""
    return stamina.retry_context(
        on=(NotYet, httpx.TransportError),
        attempts=None,
        timeout=240,
        wait_initial=0.2,
        wait_max=1,
        wait_jitter=0,
    )


@pytest.fixture(scope="module")
def webserver(station: Station) -> Generator[httpx.Client]:
    """A webserver and a daemon on the station's long-lived instance."""
    port = _free_port()
    commands = (
        ["dagster-webserver", "-m", "wxyc_assets.definitions", "-h", "127.0.0.1", "-p", str(port)],
        ["dagster-daemon", "run", "-m", "wxyc_assets.definitions"],
    )
    with ExitStack() as stack, (station.home / "ui.log").open("wb") as log:
        for program, *arguments in commands:
            process = subprocess.Popen(
                [BIN / program, *arguments],
                env={**station.environment, "PYTHONWARNINGS": "ignore"},
                cwd=station.home,
                stdout=log,
                stderr=log,
            )
            stack.enter_context(process)
            stack.callback(process.terminate)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(client: httpx.Client, query: str, **variables: Any) -> dict[str, Any]:
    response = client.post("/graphql", json={"query": query, "variables": variables})
    response.raise_for_status()
    answer = response.json()
    assert "errors" not in answer, answer
    return answer["data"]


def test_a_backfill_of_chosen_ranges(station: Station, webserver: httpx.Client):
    for attempt in soon():
        with attempt:
            ask(webserver, "{ version }")
    params = {
        "assetSelection": [{"path": [name]} for name in ASSETS],
        "partitionNames": CHOSEN,
    }
    launched = ask(webserver, LAUNCH, params=params)["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched

    status = "REQUESTED"
    for attempt in soon():
        with attempt:
            backfill = ask(webserver, STATUS, id=launched["backfillId"])
            status = backfill["partitionBackfillOrError"]["status"]
            if status in {"REQUESTED", "REQUESTED_TRANSITIONING"}:
                raise NotYet
    assert status == "COMPLETED_SUCCESS"

    for name in ASSETS:
        node = ask(webserver, MATERIALIZED, key={"path": [name]})["assetNodeOrError"]
        statuses = node["assetPartitionStatuses"]
        assert sorted(statuses["materializedPartitions"]) == CHOSEN
        assert statuses["failedPartitions"] == []
    asked = station.lml.counters.answered
    assert asked
    assert all(26 <= row <= 50 or 101 <= row <= 125 for row in asked)
