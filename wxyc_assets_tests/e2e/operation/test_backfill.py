"""A backfill of chosen ranges, launched as the UI does: real webserver, real daemon, GraphQL."""

import json

import httpx

from wxyc_assets_tests.e2e.operation.graphql import ASSETS, CHOSEN, ask, launch_backfill
from wxyc_assets_tests.e2e.operation.processes import run_program, wait_until
from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.station import SandboxStation

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


RUNS = """
query ($id: String!) {
  runsOrError(filter: { tags: [{ key: "dagster/backfill", value: $id }] }) {
    ... on Runs { results { runId status } }
  }
}
"""
TERMINATE = """
mutation ($id: String!) { terminateRun(runId: $id) { __typename } }
"""
TERMINATED = "0000051-0000075"


def test_a_backfill_of_chosen_ranges(station: SandboxStation, webserver: httpx.Client) -> None:
    wait_until(lambda: bool(ask(webserver, "{ version }")))
    backfill_id = launch_backfill(webserver)

    def status() -> str:
        backfill = ask(webserver, STATUS, id=backfill_id)
        return backfill["partitionBackfillOrError"]["status"]

    wait_until(lambda: not status().startswith("REQUESTED"))
    assert status() == "COMPLETED_SUCCESS"

    for name in ASSETS:
        node = ask(webserver, MATERIALIZED, key={"path": [name]})["assetNodeOrError"]
        statuses = node["assetPartitionStatuses"]
        assert sorted(statuses["materializedPartitions"]) == CHOSEN
        assert statuses["failedPartitions"] == []
    asked = station.lml.counters.answered
    assert asked
    assert all(26 <= row <= 50 or 101 <= row <= 125 for row in asked)


def test_a_terminated_run_is_canceled_and_its_range_can_be_run_again(
    station: SandboxStation, webserver: httpx.Client
) -> None:
    wait_until(lambda: bool(ask(webserver, "{ version }")))
    station.lml.counters.reset()
    station.lml.faults = [Fault("stalled_head", route="resolve")]
    backfill_id = launch_backfill(webserver, [TERMINATED])

    def status() -> str:
        (run,) = ask(webserver, RUNS, id=backfill_id)["runsOrError"]["results"]
        return run["status"]

    wait_until(lambda: station.lml.counters.calls["resolve"] > 0)
    (run,) = ask(webserver, RUNS, id=backfill_id)["runsOrError"]["results"]
    terminated = ask(webserver, TERMINATE, id=run["runId"])["terminateRun"]
    assert terminated["__typename"] == "TerminateRunSuccess"
    wait_until(lambda: status() == "CANCELED")

    station.lml.faults = []
    command = ("dagster", "job", "execute", "-m", "wxyc_assets.definitions", "-j")
    tags = json.dumps({"dagster/partition": TERMINATED})
    again = (*command, "library_identity_job", "--tags", tags)
    done = run_program(*again, env=station.environment, cwd=station.home)
    assert done.returncode == 0, done.stderr
