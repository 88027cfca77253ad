"""GraphQL requests as the UI sends them to the webserver."""

from collections.abc import Sequence
from typing import Any

import httpx

from wxyc_assets.domain.ranges import IdRange
from wxyc_assets_tests.e2e.operation.ranges import FIFTH, SECOND

ASSETS = ("library_candidates", "lml_resolutions", "library_identity")
CHOSEN = [SECOND, FIFTH]
LAUNCH = """
mutation ($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""


def ask(webserver: httpx.Client, query: str, **variables: Any) -> dict[str, Any]:
    """Return the data of the answer; raise for any error."""
    response = webserver.post("/graphql", json={"query": query, "variables": variables})
    response.raise_for_status()
    answer = response.json()
    assert "errors" not in answer, answer
    return answer["data"]


def backfill_of(assets: Sequence[str], ranges: Sequence[str]) -> dict[str, Any]:
    """Return the parameters of LAUNCH."""
    return {
        "assetSelection": [{"path": [name]} for name in assets],
        "partitionNames": [*ranges],
    }


def launch_backfill(webserver: httpx.Client, ranges: Sequence[IdRange] = CHOSEN) -> str:
    """Launch a backfill; return its id."""
    params = backfill_of(ASSETS, [each.key for each in ranges])
    launched = ask(webserver, LAUNCH, params=params)["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    return launched["backfillId"]
