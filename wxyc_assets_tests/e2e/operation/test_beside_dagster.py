"""`wxyc-assets` commands that run without Dagster: dry run, explain, migrate, smoke."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from wxyc_assets_tests.e2e.operation.processes import run_program
from wxyc_assets_tests.e2e.operation.ranges import FIRST, FOURTH
from wxyc_sandbox.station import SandboxStation

KEYS = {
    "scanned",
    "lml_total_calls",
    "lml_total_latency_ms",
    "would_resolve",
    "would_resolve_compilation",
    "would_unresolved",
    "would_skip",
    "source_rows_skipped_null_confidence",
}
SKIPS = {"compilation", "lml_error", "lml_cardinality_mismatch", "lml_untrusted_library_id"}
WRITTEN = """
select calls, query from pg_stat_statements
where (query ilike '%insert into%' or query ilike 'update%' or query ilike 'delete%')
and query ilike any(array['%library%', '%lml_resolution%', '%compilation_track%'])
"""


def query(station: SandboxStation, statement: str) -> list[dict[str, Any]]:
    with (
        psycopg.connect(station.database_url, autocommit=True) as opened,
        opened.cursor(row_factory=dict_row) as cursor,
    ):
        cursor.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def dry_run_output(station: SandboxStation, project: Path) -> list[dict[str, Any]]:
    """The output of a dry run on a fresh library; a real run follows it."""
    query(station, "create extension if not exists pg_stat_statements")
    query(station, "select pg_stat_statements_reset()")
    dry = run_program("wxyc-assets", "dry-run", env=station.environment, cwd=project)
    assert dry.returncode == 0, dry.stderr
    assert query(station, WRITTEN) == []
    job = ("dagster", "job", "execute", "-m", "wxyc_assets.definitions", "-j", "library_full")
    assert run_program(*job, env=station.environment, cwd=project).returncode == 0
    return [json.loads(line) for line in dry.stdout.splitlines()]


def test_a_dry_run_prints_one_object_per_cohort_with_the_previous_jobs_keys(
    dry_run_output: list[dict[str, Any]],
) -> None:
    assert [set(each) for each in dry_run_output] == [KEYS, KEYS]
    assert [set(each["would_skip"]) for each in dry_run_output] == [SKIPS, SKIPS]
    for each in dry_run_output:
        would = (each["would_resolve"], each["would_resolve_compilation"], each["would_unresolved"])
        assert each["scanned"] == sum(would) + sum(each["would_skip"].values())


def test_a_dry_run_predicts_the_real_run(
    station: SandboxStation, dry_run_output: list[dict[str, Any]]
) -> None:
    counted = query(
        station,
        """
        select
            cohort,
            count(*) as scanned,
            count(*) filter (where kind = 'single_artist') as would_resolve,
            count(*) filter (where is_matched) as would_resolve_compilation,
            count(*) filter (where kind = 'unresolved') as would_unresolved,
            count(*) filter (where kind = 'compilation' and not is_matched) as compilation,
            sum(null_confidences)::int as source_rows_skipped_null_confidence
        from wxyc_assets.lml_resolution
        where write_error is null
        group by cohort
        order by cohort desc
        """,
    )
    for done, real in zip(dry_run_output, counted, strict=True):
        assert done["would_skip"]["compilation"] == real.pop("compilation")
        del real["cohort"]
        assert real == {name: done[name] for name in real}
        assert real["scanned"] > 0


def test_a_dry_run_as_a_job_materializes_no_range(
    station: SandboxStation, dry_run_output: list[dict[str, Any]], project: Path
) -> None:
    job = ("dagster", "job", "execute", "-m", "wxyc_assets.definitions")
    done = run_program(*job, "-j", "library_identity_dry_run", env=station.environment, cwd=project)
    assert done.returncode == 0, done.stderr
    printed = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [each["scanned"] for each in printed if set(each) == KEYS] == [0, 0]


@pytest.mark.usefixtures("dry_run_output")
def test_explain_shows_a_record_from_its_range_to_its_tables(
    station: SandboxStation, project: Path
) -> None:
    (row,) = query(
        station,
        "select i.library_id, i.method from wxyc_schema.library_identity i "
        "join wxyc_assets.lml_resolution r using (library_id) "
        "where r.kind = 'single_artist' and i.notes = 'consumer:lml-bulk' limit 1",
    )
    library_id = row["library_id"]
    done = run_program(
        "wxyc-assets", "explain", str(library_id), env=station.environment, cwd=project
    )
    assert done.returncode == 0, done.stderr
    how = row["method"].replace("_", " ")
    for words in ("range", "cohort", "LML answered: one artist", f"Found by {how}", "until then"):
        assert words in done.stdout
    assert "provenance" not in done.stdout

    command = ("wxyc-assets", "explain", str(library_id), "--json")
    story = json.loads(run_program(*command, env=station.environment, cwd=project).stdout)
    assert story["library_id"] == library_id
    assert story["not_due_because"] == "its identity was verified within the staleness window"
    assert story["facts"]["identity"]["method"] == row["method"]
    assert story["facts"]["resolution"]["answer"]["library_id"] == library_id


@pytest.mark.usefixtures("dry_run_output")
def test_explain_shows_the_cover(station: SandboxStation, project: Path) -> None:
    job = ("dagster", "job", "execute", "-m", "wxyc_assets.definitions", "-j")
    ends = {"start": FIRST.key, "end": FOURTH.key}
    tags = {f"dagster/asset_partition_range_{end}": key for end, key in ends.items()}
    covers = (*job, "library_artwork_job", "--tags", json.dumps(tags))
    done = run_program(*covers, env=station.environment, cwd=station.home)
    assert done.returncode == 0, done.stderr
    (found,) = query(
        station,
        "select library_id, url, run_id from wxyc_assets.artwork_lookup "
        "where outcome = 'cover' and applied_at is not null order by library_id limit 1",
    )
    command = ("wxyc-assets", "explain", str(found["library_id"]))
    done = run_program(*command, env=station.environment, cwd=project)
    assert f"Cover\n  {found['url']}\n" in done.stdout
    assert "its cover was looked up: a cover was found" in done.stdout
    assert found["run_id"] in done.stdout


@pytest.mark.usefixtures("dry_run_output")
def test_refused_lists_what_was_refused_and_has_it_asked_again(
    station: SandboxStation, project: Path
) -> None:
    def refused(*arguments: str) -> list[dict[str, Any]]:
        command = ("wxyc-assets", "refused", *arguments, "--json")
        done = run_program(*command, env=station.environment, cwd=project)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    before = len(refused())
    (row,) = query(
        station,
        "update wxyc_assets.lml_resolution set applied_at = null, write_error = 'no [room] today' "
        "where library_id = (select min(library_id) from wxyc_assets.lml_resolution "
        "where kind = 'single_artist' and write_error is null) returning library_id, artist_name",
    )
    library_id = str(row["library_id"])
    done = run_program("wxyc-assets", "refused", env=station.environment, cwd=project)
    assert f"{row['artist_name']} · " in done.stdout
    assert "identity not written: no [room] today" in done.stdout
    assert len(done.stdout.splitlines()) == before + 2
    (marked,) = refused(library_id, "--ask-again")
    assert marked["reason"] == "no [room] today"
    assert marked["ask_again_at"]
    done = run_program("wxyc-assets", "refused", "9999999", env=station.environment, cwd=project)
    assert done.returncode == 1
    assert "Nothing about 9999999 was refused." in done.stderr


def test_explain_reports_an_unknown_record(station: SandboxStation, project: Path) -> None:
    done = run_program("wxyc-assets", "explain", "9999999", env=station.environment, cwd=project)
    assert done.returncode == 1
    assert "no record 9999999" in done.stderr


def test_migrate_can_be_repeated(station: SandboxStation, project: Path) -> None:
    done = run_program("wxyc-assets", "migrate", env=station.environment, cwd=project)
    assert done.returncode == 0, done.stderr
    assert "is at revision" in done.stdout


def test_migrate_reports_what_is_wrong(station: SandboxStation, project: Path) -> None:
    for changes in (
        {"DATABASE_URL": "postgresql://u:hush@127.0.0.1:1/x"},
        {"DATABASE_URL": "mysql://u:hush@127.0.0.1/x"},
        {"DATABASE_URL": "hush"},
        {"WXYC_SCHEMA_NAME": "elsewhere", "ASSETS_SCHEMA_NAME": "elsewhere_too"},
    ):
        environment = {**station.environment, **changes}
        done = run_program("wxyc-assets", "migrate", env=environment, cwd=project)
        assert done.returncode == 1
        assert "Error:" in done.stderr
        assert "hush" not in done.stderr
        assert "Traceback" not in done.stderr


def test_smoke_reports_expected_and_actual_answers(station: SandboxStation, project: Path) -> None:
    station.lml.counters.reset()
    done = run_program("wxyc-assets", "smoke", env=station.environment, cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("as expected") == 6
    assert done.stdout.count("    expected  ") == done.stdout.count("    found     ") == 6
    assert len(station.lml.counters.refreshed) == 1
    assert station.lml.counters.callers.keys() == {"wxyc-assets-smoke"}

    station.lml.configure(breaker="open")
    smoke = ("wxyc-assets", "smoke", "--no-refresh")
    done = run_program(*smoke, env=station.environment, cwd=project)
    station.lml.configure(breaker="closed")
    assert done.returncode == 1
    assert "NOT as expected  GET /health" in done.stdout
    assert done.stdout.count("    expected  ") == 5
    assert len(station.lml.counters.refreshed) == 1


def test_a_dry_run_of_the_refresh_calls_nothing(station: SandboxStation, project: Path) -> None:
    station.lml.counters.reset()
    done = run_program("wxyc-assets", "rotation-dry-run", env=station.environment, cwd=project)
    assert done.returncode == 0, done.stderr
    planned = json.loads(done.stdout)
    assert planned["identities"] > 300
    assert planned["calls"] == 0
    assert station.lml.counters.calls.total() == 0
