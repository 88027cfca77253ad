"""`make demo`, the README's first command, without the installation."""

import os
import re
from pathlib import Path

import httpx
import psycopg

from wxyc_assets_tests.e2e.operation.processes import run_program
from wxyc_sandbox.station import run_station


def test_a_demo_covers_the_library_and_a_second_one_asks_nothing(project: Path) -> None:
    first = run_program("wxyc-sandbox", "demo", "--scale", "0.004", env=os.environ, cwd=project)
    assert first.returncode == 0, first.stderr
    assert _records_asked_about(first.stdout) > 200
    assert re.search(r"never asked\s+│\s+\d+ │\s+0 │", first.stdout)

    second = run_program("wxyc-sandbox", "demo", "--scale", "0.004", env=os.environ, cwd=project)
    assert second.returncode == 0, second.stderr
    assert _records_asked_about(second.stdout) == 0

    with run_station(project, 0.004) as station:
        covers = _covers_shown(station.variables["DAGSTER_PG_URL"])
        assert len(covers) > 10
        for url in covers:
            assert httpx.get(url).raise_for_status().headers["content-type"] == "image/svg+xml"


def _covers_shown(dagster_url: str) -> set[str]:
    """Return the addresses of the pictures in the contact sheets that the demo made."""
    with psycopg.connect(dagster_url) as connection:
        events = connection.execute(
            "select event from event_logs where dagster_event_type = 'ASSET_MATERIALIZATION' "
            "and asset_key = '[\"library_artwork\"]'"
        ).fetchall()
    return {url for (event,) in events for url in re.findall(r"!\[cover\]\((.+?)\)", event)}


def _records_asked_about(output: str) -> int:
    found = re.search(r"asked about ([\d,]+) records", output)
    assert found, output
    return int(found[1].replace(",", ""))
