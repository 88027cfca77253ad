"""A backfill of chosen ranges, as the UI starts it: a real webserver, a real daemon, GraphQL."""

import httpx

from wxyc_assets.sandbox.station import Station
from wxyc_assets_tests.operation.graphql import ASSETS, CHOSEN, ask, launch_backfill
from wxyc_assets_tests.operation.processes import wait_until

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


def test_a_backfill_of_chosen_ranges(station: Station, webserver: httpx.Client):
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
