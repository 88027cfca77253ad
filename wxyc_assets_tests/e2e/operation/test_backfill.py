"""Backfills: of chosen ranges, launched as the UI does, and of all ranges, in the UI itself.

A real webserver, a real daemon, GraphQL, and a browser for the clicks that docs/operating.md names.
"""

import json
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from wxyc_assets_tests.e2e.operation.graphql import ASSETS, CHOSEN, ask, launch_backfill
from wxyc_assets_tests.e2e.operation.processes import run_program, wait_until
from wxyc_assets_tests.e2e.operation.ranges import FIRST, RANGES, THIRD
from wxyc_assets_tests.support.browser import browser
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
STATUSES = """
query {
  runsOrError(filter: { pipelineName: "library_full" }) { ... on Runs { results { status } } }
}
"""
FULL_RUNS = """
query {
  runsOrError(filter: { pipelineName: "library_full" }) {
    ... on Runs {
      results {
        eventConnection(limit: 1000) {
          events { __typename ... on AssetCheckEvaluationEvent { evaluation { checkName } } }
        }
      }
    }
  }
}
"""
MATERIALIZATIONS = 5 * len(RANGES) + 2
"""One for each range of the five assets that have ranges, and one for each of the others."""
OPERATING = (Path(__file__).parents[3] / "docs" / "operating.md").read_text()


@dataclass(frozen=True, slots=True)
class FullRun:
    """A run of the whole library, with the checks that were evaluated in it."""

    materializations: int
    checks: list[str]


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
        assert sorted(statuses["materializedPartitions"]) == [each.key for each in CHOSEN]
        assert statuses["failedPartitions"] == []
    asked = station.lml.counters.answered
    assert asked
    assert all(any(row in each for each in CHOSEN) for row in asked)


def test_a_terminated_run_is_canceled_and_its_range_can_be_run_again(
    station: SandboxStation, webserver: httpx.Client
) -> None:
    wait_until(lambda: bool(ask(webserver, "{ version }")))
    station.lml.counters.reset()
    station.lml.faults = [Fault("stalled_head", route="resolve")]
    backfill_id = launch_backfill(webserver, [THIRD])

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
    tags = json.dumps({"dagster/partition": THIRD.key})
    again = (*command, "library_identity_job", "--tags", tags)
    done = run_program(*again, env=station.environment, cwd=station.home)
    assert done.returncode == 0, done.stderr


@pytest.mark.browser
def test_what_the_page_says_to_click_runs_the_whole_library_once(
    station: SandboxStation, webserver: httpx.Client
) -> None:
    to_launchpad, to_backfill = re.findall(r"click (\*.+?)(?:\.|\n\n)", _section_on_the_ui(), re.S)
    wait_until(lambda: bool(ask(webserver, "{ version }")))
    with browser() as chromium, chromium.new_page() as page:
        _leave_the_greeting(page)
        job = f"{webserver.base_url}/locations/wxyc_assets.definitions/jobs/library_full"
        for runs, clicks in enumerate([to_launchpad, to_backfill], start=1):
            page.goto(job)
            _click(page, re.findall(r"\*(.+?)\*", clicks))
            wait_until(partial(_launched, webserver, runs))
            page.goto("about:blank")  # the UI would ask for the run's events again and again
            wait_until(partial(_succeeded, webserver, runs))
        widths = _widths_of_covers(page, f"{webserver.base_url}/assets/library_artwork")
        assert len(widths) > 1
        assert all(widths)
    assert [run.materializations for run in _full_runs(webserver)] == 2 * [MATERIALIZATIONS]
    by_backfill, by_launchpad = [run.checks for run in _full_runs(webserver)]
    assert by_launchpad == by_backfill
    assert by_launchpad
    for name in ASSETS:
        node = ask(webserver, MATERIALIZED, key={"path": [name]})["assetNodeOrError"]
        assert len(node["assetPartitionStatuses"]["materializedPartitions"]) == len(RANGES)


def _section_on_the_ui() -> str:
    """Return what operating.md says about the whole library in the UI."""
    return OPERATING.partition("In the UI, open the job `library_full`")[2].partition("**")[0]


def _click(page: Page, labels: list[str]) -> None:
    """Click the buttons or links of these labels, one after the other."""
    for label in labels:
        wanted = re.compile(rf"(^|\s){label}…?$")
        page.get_by_role("button", name=wanted).or_(page.get_by_role("link", name=wanted)).click()


def _widths_of_covers(page: Page, asset: str) -> list[int]:
    """Return how wide each cover of the first range's contact sheet is shown; 0 is a broken one."""
    page.goto(f"{asset}?view=partitions&partition={FIRST.key}")
    page.get_by_text("[Show Markdown]").click()
    covers = page.get_by_alt_text("cover")
    covers.first.wait_for()
    return covers.evaluate_all(
        "all => Promise.all(all.map(each => each.decode().then(() => each.naturalWidth, () => 0)))"
    )


def _leave_the_greeting(page: Page) -> None:
    """Click away what Dagster shows to a new installation, whenever it comes up."""
    skip = page.get_by_role("button", name="Skip", exact=True)
    page.add_locator_handler(skip, lambda: skip.click())


def _launched(webserver: httpx.Client, number: int) -> bool:
    """Return True once so many runs of the whole library are there."""
    return len(_statuses(webserver)) == number


def _succeeded(webserver: httpx.Client, number: int) -> bool:
    """Return True once so many runs of the whole library have ended; fails if one failed."""
    statuses = _statuses(webserver)
    assert len(statuses) <= number
    assert "FAILURE" not in statuses
    return statuses == ["SUCCESS"] * number


def _statuses(webserver: httpx.Client) -> list[str]:
    runs: list[dict[str, str]] = ask(webserver, STATUSES)["runsOrError"]["results"]
    return [each["status"] for each in runs]


def _full_runs(webserver: httpx.Client) -> list[FullRun]:
    """Return the runs of the whole library, the newest first."""
    runs: list[dict[str, Any]] = ask(webserver, FULL_RUNS)["runsOrError"]["results"]
    return [_full_run(each["eventConnection"]["events"]) for each in runs]


def _full_run(events: list[dict[str, Any]]) -> FullRun:
    return FullRun(
        materializations=sum(each["__typename"] == "MaterializationEvent" for each in events),
        checks=sorted(each["evaluation"]["checkName"] for each in events if "evaluation" in each),
    )
