"""The README's commands on both kinds of instance, and their messages for bad input."""

import json
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest

from wxyc_assets_tests.e2e.operation.processes import run_program
from wxyc_assets_tests.e2e.operation.ranges import FIRST, SECOND, THIRD
from wxyc_sandbox.station import SandboxStation

JOB = ("dagster", "job", "execute", "-m", "wxyc_assets.definitions", "-j")


@pytest.fixture(params=["ephemeral", "postgres"])
def environment(
    request: pytest.FixtureRequest, station: SandboxStation, tmp_path: Path
) -> Mapping[str, str]:
    """The station's environment, on an ephemeral instance or on the persistent one."""
    if request.param == "postgres":
        return station.environment
    home = tmp_path / "dagster"
    home.mkdir()
    ours = {**station.environment, "DAGSTER_HOME": str(home)}
    del ours["DAGSTER_PG_URL"]
    return ours


@pytest.fixture(autouse=True)
def fresh_library(station: SandboxStation) -> None:
    """Reset the library before each test."""
    with psycopg.connect(station.database_url) as connection:
        connection.execute("set search_path to wxyc_assets, wxyc_schema")
        connection.execute(
            "truncate lml_resolution, library_candidate, library_identity, library_identity_source"
        )
        connection.execute("update library set unresolved_attempted_at = null")
    station.lml.counters.reset()


def applied_ids(station: SandboxStation) -> list[int]:
    with psycopg.connect(station.database_url) as connection:
        found = connection.execute(
            "select library_id from wxyc_assets.lml_resolution where applied_at is not null"
        )
        return sorted(row[0] for row in found)


def count_candidates(station: SandboxStation) -> int:
    with psycopg.connect(station.database_url) as connection:
        row = connection.execute("select count(*) from wxyc_assets.library_candidate").fetchone()
    assert row is not None
    return row[0]


def with_artist_name(station: SandboxStation, first: int, last: int) -> list[int]:
    with psycopg.connect(station.database_url) as connection:
        found = connection.execute(
            "select id from wxyc_schema.library "
            "where id between %s and %s and artist_name is not null order by id",
            [first, last],
        )
        return [row[0] for row in found]


def test_one_range(station: SandboxStation, environment: Mapping[str, str], project: Path) -> None:
    tags = json.dumps({"dagster/partition": SECOND.key})
    done = run_program(*JOB, "library_identity_job", "--tags", tags, env=environment, cwd=project)
    assert done.returncode == 0, done.stderr
    assert applied_ids(station) == with_artist_name(station, SECOND.first, SECOND.last)
    records = len(with_artist_name(station, SECOND.first, SECOND.last))
    assert f"{SECOND.key}: {records} records, " in done.stderr


def test_a_range_of_ranges(
    station: SandboxStation, environment: Mapping[str, str], project: Path
) -> None:
    tags = json.dumps(
        {
            "dagster/asset_partition_range_start": SECOND.key,
            "dagster/asset_partition_range_end": THIRD.key,
        }
    )
    done = run_program(*JOB, "library_identity_job", "--tags", tags, env=environment, cwd=project)
    assert done.returncode == 0, done.stderr
    assert applied_ids(station) == with_artist_name(station, SECOND.first, THIRD.last)


def test_a_second_run_asks_nothing(
    station: SandboxStation, environment: Mapping[str, str], project: Path
) -> None:
    for rows in (len(with_artist_name(station, 1, 100_000)), 0):
        station.lml.counters.reset()
        done = run_program(*JOB, "library_full", env=environment, cwd=project)
        assert done.returncode == 0, done.stderr
        assert station.lml.counters.rows["resolve"] == rows
    assert applied_ids(station) == with_artist_name(station, 1, 100_000)


def test_an_asset_of_a_range(
    station: SandboxStation, environment: Mapping[str, str], project: Path
) -> None:
    assets = "library_candidates,lml_resolutions,library_identity"
    command = ("dagster", "asset", "materialize", "-m", "wxyc_assets.definitions")
    done = run_program(
        *command, "--select", assets, "--partition", FIRST.key, env=environment, cwd=project
    )
    assert done.returncode == 0, done.stderr
    assert applied_ids(station) == with_artist_name(station, FIRST.first, FIRST.last)


def test_the_scope_of_one_run(station: SandboxStation, project: Path, tmp_path: Path) -> None:
    narrow = {**station.environment, "INCLUDE_NULL_CANONICAL": "0"}
    tags = json.dumps({"dagster/partition": SECOND.key})
    wide = tmp_path / "wide.yaml"
    wide.write_text("resources: {scope: {config: {include_null_canonical: true}}}")
    command = (*JOB, "library_identity_job", "--tags", tags)

    done = run_program(*command, env=narrow, cwd=project)
    assert done.returncode == 0, done.stderr
    only_canonical = applied_ids(station)
    assert 0 < len(only_canonical) < len(with_artist_name(station, SECOND.first, SECOND.last))

    done = run_program(*command, "--config", str(wide), env=narrow, cwd=project)
    assert done.returncode == 0, done.stderr
    assert applied_ids(station) == with_artist_name(station, SECOND.first, SECOND.last)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"LIBRARY_METADATA_URL": "http://127.0.0.1:1"}, "LML cannot be reached at"),
        ({"LIBRARY_METADATA_URL": "lml"}, "LIBRARY_METADATA_URL='lml' is not a URL such as"),
        ({"LOCAL_DEV": "0"}, "LML_API_KEY"),
        ({"BATCH_SIZE": "1001"}, "BATCH_SIZE='1001'"),
        ({"DATABASE_URL": "postgresql://u:hush@127.0.0.1:1/x"}, "database cannot be reached"),
        ({"WXYC_SCHEMA_NAME": "elsewhere"}, "no table elsewhere.library"),
        ({"ASSETS_SCHEMA_NAME": "elsewhere"}, "Run `wxyc-assets migrate`"),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(
    station: SandboxStation, project: Path, changes: dict[str, str], message: str
) -> None:
    environment = {**station.environment, **changes}
    done = run_program(*JOB, "library_full", env=environment, cwd=project)
    assert done.returncode != 0
    assert message in done.stdout + done.stderr
    assert "hush" not in done.stdout + done.stderr
    assert count_candidates(station) == 0
    assert applied_ids(station) == []


def test_a_reversed_selection_is_refused(
    station: SandboxStation, environment: Mapping[str, str], project: Path
) -> None:
    tags = json.dumps(
        {
            "dagster/asset_partition_range_start": THIRD.key,
            "dagster/asset_partition_range_end": SECOND.key,
        }
    )
    done = run_program(*JOB, "library_identity_job", "--tags", tags, env=environment, cwd=project)
    assert done.returncode == 1
    assert f"it begins at {THIRD.key}, after its end at {SECOND.key}" in done.stdout + done.stderr
    assert station.lml.counters.calls.total() == 0


def test_a_selection_that_matches_nothing_is_refused(
    station: SandboxStation, environment: Mapping[str, str], project: Path
) -> None:
    command = ("dagster", "asset", "materialize", "-m", "wxyc_assets.definitions")
    done = run_program(*command, "--select", "tag:nosuch", env=environment, cwd=project)
    assert done.returncode == 1
    assert "--select tag:nosuch matches no asset" in done.stdout + done.stderr
    assert station.lml.counters.calls.total() == 0
    assert count_candidates(station) == 0


def test_an_unknown_range_is_named(station: SandboxStation, project: Path) -> None:
    tags = json.dumps({"dagster/partition": "0000001-0000002"})
    done = run_program(
        *JOB, "library_identity_job", "--tags", tags, env=station.environment, cwd=project
    )
    assert done.returncode != 0
    assert "0000001-0000002" in done.stdout + done.stderr
    assert applied_ids(station) == []
