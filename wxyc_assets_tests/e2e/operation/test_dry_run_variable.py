"""With DRY_RUN every job says what it would do, and writes nothing: real processes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from wxyc_assets_tests.e2e.operation.processes import run_program
from wxyc_assets_tests.e2e.operation.ranges import SECOND, THIRD
from wxyc_sandbox.station import SandboxStation

JOB = ("dagster", "job", "execute", "-m", "wxyc_assets.definitions", "-j")
MODULE = ("-m", "wxyc_assets.definitions")
RANGE = {"dagster/partition": SECOND.key}
SPAN = {
    "dagster/asset_partition_range_start": SECOND.key,
    "dagster/asset_partition_range_end": THIRD.key,
}
IDENTITIES = {"would_resolve", "would_unresolved", "would_skip"}
DOUBTS = {"doubts.shared_id", "doubts.other_title"}
LOOKUPS = {
    "would_look_up",
    "would_write",
    "would_decide_again",
    "records_due",
    "waiting_to_retry",
}


@pytest.fixture(scope="module")
def environment(
    station: SandboxStation, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    home = tmp_path_factory.mktemp("dagster")
    ours = {**station.environment, "DAGSTER_HOME": str(home), "DRY_RUN": "TRUE"}
    del ours["DAGSTER_PG_URL"]
    return ours


def versions(station: SandboxStation) -> list[tuple[Any, ...]]:
    """The newest transaction that wrote a row, by table."""
    with psycopg.connect(station.database_url) as connection:
        connection.execute("set search_path to wxyc_assets, wxyc_schema")
        return [
            connection.execute(
                f"select '{table}', count(*), max(xmin::text::bigint) from {table}".encode()
            ).fetchone()
            or ()
            for table in (
                *("library", "library_identity", "library_identity_source", "library_candidate"),
                *("lml_resolution", "artwork_lookup", "coverage_snapshot", "rotation_refresh"),
                *("library_doubts", "doubt_count"),
            )
        ]


def json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.mark.parametrize(
    ("job", "tags", "keys", "calls"),
    [
        ("library_identity_job", RANGE, [IDENTITIES, IDENTITIES], {"resolve"}),
        ("library_identity_full", {}, [IDENTITIES, IDENTITIES], {"resolve"}),
        ("library_artwork_job", SPAN, [LOOKUPS], set[str]()),
        ("library_full", {}, [IDENTITIES, IDENTITIES, DOUBTS, LOOKUPS, set[str]()], {"resolve"}),
        ("library_doubts_job", {}, [DOUBTS], set[str]()),
        ("coverage_gates", {}, [{"non_va.never_asked"}], set[str]()),
        ("rotation_job", {}, [{"identities", "batches", "calls"}], set[str]()),
    ],
)
def test_a_job_writes_nothing_and_says_what_it_would_do(
    station: SandboxStation,
    environment: Mapping[str, str],
    project: Path,
    job: str,
    tags: dict[str, str],
    keys: list[set[str]],
    calls: set[str],
) -> None:
    before = versions(station)
    station.lml.counters.reset()
    done = run_program(*JOB, job, "--tags", json.dumps(tags), env=environment, cwd=project)
    assert done.returncode == 0, done.stderr
    said = json_lines(done.stdout)
    assert len(said) == len(keys)
    assert all(expected <= each.keys() for expected, each in zip(keys, said, strict=True))
    assert "This is a dry run: nothing is written." in done.stderr
    assert versions(station) == before
    assert {name for name, number in station.lml.counters.calls.items() if number} == calls


def test_a_range_is_all_that_a_dry_run_of_it_asks_about(
    station: SandboxStation, environment: Mapping[str, str], project: Path
) -> None:
    station.lml.counters.reset()
    command = (*JOB, "library_identity_job", "--tags", json.dumps(RANGE))
    assert run_program(*command, env=environment, cwd=project).returncode == 0
    assert station.lml.counters.answered
    assert all(each in SECOND for each in station.lml.counters.answered)


def test_an_asset_on_its_own_is_refused_with_the_reason(
    station: SandboxStation, environment: Mapping[str, str], project: Path
) -> None:
    before = versions(station)
    for asset, options in {
        "library_candidates": ("--partition", RANGE["dagster/partition"]),
        "rotation_cache": (),
    }.items():
        command = ("dagster", "asset", "materialize", *MODULE, "--select", asset, *options)
        done = run_program(*command, env=environment, cwd=project)
        assert done.returncode != 0
        assert "DRY_RUN is set, and an asset cannot be materialized" in done.stdout + done.stderr
    assert versions(station) == before


def test_an_old_variable_stops_a_run_before_anything_is_touched(
    station: SandboxStation, environment: Mapping[str, str], project: Path
) -> None:
    station.lml.counters.reset()
    real = {**environment, "DRY_RUN": "0", "PARTITION_COUNT": "1", "THROTTLE_MS": "100"}
    done = run_program(*JOB, "library_full", env=real, cwd=project)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "PARTITION_COUNT belongs to an old job and is not read here; one run takes all" in said
    assert "THROTTLE_MS belongs to an old job" in said
    assert not any(station.lml.counters.calls.values())
