"""`deploy/grants.sql`: the writer's role can run the whole graph and do nothing else."""

import json
import os
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg import errors

from wxyc_assets.adapters.postgres import database
from wxyc_assets.adapters.postgres.alert_store import AlertStore, QueuedAlert
from wxyc_assets.adapters.postgres.identity_store import TABLES
from wxyc_assets.adapters.postgres.journal_store import JournalStore
from wxyc_assets.adapters.postgres.retention_store import RetentionStore
from wxyc_assets.domain.ranges import tile
from wxyc_assets.domain.retention import RetentionWindows
from wxyc_assets.flows.revert import revert_run
from wxyc_assets.migrations.run import migrate
from wxyc_assets_tests.e2e.operation.processes import run_program
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.other_servers import binaries
from wxyc_sandbox.library import SandboxLibrary, seed_library
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.server import serve
from wxyc_sandbox.postgres import Postgres, embedded_bin

GRANTS = Path(__file__).parents[3] / "deploy" / "grants.sql"
WRITER = "wxyc_assets_writer"
SERVERS = [
    pytest.param(None, id="embedded"),
    pytest.param("POSTGRES_14_BIN", marks=pytest.mark.other_server),
    pytest.param("POSTGRES_15_BIN", marks=pytest.mark.other_server),
]
OUR_TABLES = (*TABLES, "artwork_lookup")
LIBRARY = SandboxLibrary(scale=0.004)


@dataclass(frozen=True)
class Granted:
    """A station whose writer has the privileges of `deploy/grants.sql`."""

    owner: str
    writer: str
    home: Path
    psql: Path
    lml: PretendLml
    lml_url: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": self.writer,
            "DAGSTER_HOME": str(self.home),
            "LIBRARY_METADATA_URL": self.lml_url,
            "LOCAL_DEV": "1",
            "INCLUDE_NULL_CANONICAL": "1",
            "WRITE_RELEASE_IDS": "1",
            "LML_RATE_PER_MIN": "0",
            "LML_HEALTH_INTERVAL_SECONDS": "1",
            "LIBRARY_MAX_ID": "400",
            "LIBRARY_RANGE_WIDTH": "100",
        }

    def grant(self, **names: str) -> str:
        """Run the file as the owner; return psql's output."""
        given = [f"--set={name}={value}" for name, value in names.items()]
        done = subprocess.run(
            [self.psql, self.owner, "--quiet", "--no-psqlrc", *given, "--file", GRANTS],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def count(self, query: LiteralString) -> int:
        with psycopg.connect(self.owner) as connection:
            row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


@pytest.fixture(scope="module", params=SERVERS)
def granted(request: pytest.FixtureRequest) -> Generator[Granted]:
    bin = binaries(request.param) if request.param else None
    lml = PretendLml(replace(AT_ONCE, seed=LIBRARY.seed), LIBRARY.catalogue())
    with tempfile.TemporaryDirectory(prefix="wxyc-") as home, serve(lml) as lml_url:
        Path(home).chmod(0o711)
        (Path(home) / "dagster").mkdir()
        with Postgres(Path(home) / "postgres", bin, durable=False) as server:
            owner = server.url("postgres")
            seed_library(owner, "wxyc_schema", LIBRARY)
            migrate(owner, assets_schema="wxyc_assets", backend_schema="wxyc_schema")
            with psycopg.connect(owner, autocommit=True) as connection:
                connection.execute(f"create role {WRITER} login")
                connection.execute("create role application login")
            writer = owner.replace("//postgres@", f"//{WRITER}@")
            station = Granted(
                owner, writer, Path(home) / "dagster", embedded_bin() / "psql", lml, lml_url
            )
            station.grant()
            yield station


def test_the_file_can_be_repeated_and_revokes_excess_privileges(granted: Granted) -> None:
    before = privileges(granted)
    with psycopg.connect(granted.owner) as connection:
        connection.execute(f"grant all on wxyc_schema.library, wxyc_schema.artists to {WRITER}")
    assert privileges(granted) != before
    assert granted.grant() == ""
    assert privileges(granted) == before


def privileges(granted: Granted) -> list[tuple[str, str | None, str]]:
    with psycopg.connect(granted.owner) as connection:
        return connection.execute(
            "select table_name::text, column_name::text, privilege_type::text "
            "from information_schema.column_privileges where grantee = %s "
            "union select table_name, null, privilege_type "
            "from information_schema.table_privileges where grantee = %s order by 1, 2, 3",
            [WRITER, WRITER],
        ).fetchall()


JOBS = ["library_full", "rotation_job", "coverage_gates"]


@pytest.fixture(scope="module")
def after_runs(granted: Granted, at_once: tuple[str, str]) -> Granted:
    """The station after the whole graph and the rotation have run as the writer."""
    for job in JOBS:
        options = at_once if job == "rotation_job" else ()
        command = ("dagster", "job", "execute", "-m", "wxyc_assets.definitions", "-j", job)
        done = run_program(*command, *options, env=granted.environment, cwd=granted.home)
        assert done.returncode == 0, done.stderr
        assert "ANALYZE did not take" not in done.stderr
    return granted


@pytest.mark.parametrize(
    "rows",
    [
        "wxyc_schema.library_identity where notes = 'consumer:lml-bulk'",
        "wxyc_schema.library_identity_source where notes = 'consumer:lml-bulk'",
        "wxyc_schema.library_identity_history",
        "wxyc_schema.compilation_track_artist where track_artist_link_method = 'lml_backfill'",
        "wxyc_schema.library where unresolved_attempted_at > now() - interval '1 hour'",
        "wxyc_assets.artwork_lookup where applied_at is not null and answer is not null",
        "wxyc_assets.library_release where written_at is not null",
        "wxyc_schema.library_identity where discogs_release_id is not null",
        "wxyc_assets.rotation_refresh where finished_at is not null and failure is null",
        "wxyc_assets.coverage_snapshot",
        "wxyc_assets.coverage_acceptance",
        "wxyc_assets.doubt_count",
        "wxyc_assets.library_run",
        "wxyc_assets.library_range_run",
    ],
)
def test_the_whole_graph_writes_every_table(after_runs: Granted, rows: LiteralString) -> None:
    assert after_runs.count("select count(*) from " + rows) > 0


SWEEP_THE_JOURNAL = RetentionWindows(
    deleted_record_days=90, alert_days=30, candidate_days=90, journal_days=0, snapshot_days=90
)


async def test_the_writer_reverts_what_it_wrote_and_sweeps_old_rows(after_runs: Granted) -> None:
    written = "select count(*) from wxyc_schema.library_identity where notes = 'consumer:lml-bulk'"
    before = after_runs.count(written)
    async with open_as_writer(after_runs) as opened:
        store = JournalStore(opened)
        (run, *_) = await store.runs(1)
        ranges = list(tile(400, 100))
        reverted = await revert_run(store, run.run_id, ranges, run_id="revert", reverted_by="test")
        assert reverted.left_alone == []
        assert after_runs.count(written) < before
        await revert_run(store, "revert", ranges, run_id="again", reverted_by="test")
        assert (await RetentionStore(opened).sweep(SWEEP_THE_JOURNAL))["sweep_journal"] > 0
    assert after_runs.count(written) == before


async def test_plays_can_be_read(granted: Granted) -> None:
    async with open_as_writer(granted) as database, database.transaction() as transaction:
        assert await transaction.fetch("doubts/has_plays") == [{"has_plays": True}]


def test_the_writer_samples_takes_verdicts_in_and_measures(after_runs: Granted) -> None:
    def run(*command: str) -> str:
        done = run_program(*command, env=after_runs.environment, cwd=after_runs.home)
        assert done.returncode == 0, done.stderr
        return done.stdout

    drawn = (
        "sample",
        "--size",
        "60",
        "--covers",
        "20",
        "--name",
        "s-1",
        "-o",
        str(after_runs.home),
    )
    run("wxyc-assets", *drawn)
    assert "</html>" in (after_runs.home / "sample-s-1.html").read_text()
    lines = (after_runs.home / "sample-s-1.csv").read_text().splitlines()
    filled = [each.replace(",,,,,", ",reject,juana,,,", 1) for each in lines[1:41]]
    verdicts = after_runs.home / "verdicts.csv"
    verdicts.write_text("\n".join([lines[0], *filled, "1,,discogs,,reject,juana,,,s-1,,,"]))
    done = run_program(
        "wxyc-assets", "verdicts", str(verdicts), env=after_runs.environment, cwd=after_runs.home
    )
    assert done.returncode == 1
    assert "line 42: " in done.stderr
    assert after_runs.count("select count(*) from wxyc_assets.verdict") == 0
    verdicts.write_text("\n".join([lines[0], *filled]))
    assert "40 new verdicts" in run("wxyc-assets", "verdicts", str(verdicts))
    job = ("dagster", "job", "execute", "-m", "wxyc_assets.definitions", "-j", "precision_job")
    run(*job)
    assert after_runs.count("select count(*) from wxyc_assets.precision_estimate") > 0
    assert "holds" in run("wxyc-assets", "review", "-o", str(after_runs.home))


async def test_alerts_are_queued_sent_and_put_back(granted: Granted) -> None:
    now = datetime.now(UTC)
    alerts = [QueuedAlert(f"e{n}", "webhook", "library_full", False, now, {}) for n in (1, 2)]
    async with open_as_writer(granted) as database:
        store = AlertStore(database)
        assert await store.put(alerts) == 2
        first, second = await store.claim(["webhook"], now=datetime.now(UTC))
        await store.mark_delivered(first, now)
        await store.put_back(second, "HTTP 503", None)
        assert [*await store.open_failures()] == ["library_full"]


async def test_every_table_that_a_run_writes_is_analyzed(granted: Granted) -> None:
    async with open_as_writer(granted) as database:
        assert await database.analyze(*OUR_TABLES) == []


@pytest.mark.parametrize(
    "command", [("dry-run",), ("explain", "1", "--json")], ids=["dry-run", "explain"]
)
def test_commands_without_dagster_work_as_well(granted: Granted, command: tuple[str, ...]) -> None:
    done = run_program("wxyc-assets", *command, env=granted.environment, cwd=granted.home)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[0])


def open_as_writer(granted: Granted) -> AbstractAsyncContextManager[database.Database]:
    """Open the database as the writer."""
    return database.open_database(
        granted.writer, schema="wxyc_schema", assets_schema="wxyc_assets", max_connections=2
    )


REFUSED: list[LiteralString] = [
    "update wxyc_schema.library set artist_name = 'Cat Power'",
    "update wxyc_schema.library set canonical_entity_id = null",
    "update wxyc_schema.library set artwork_url = null, plays = 0",
    "update wxyc_schema.library set discogs_unavailable = true",
    "delete from wxyc_schema.library",
    "truncate wxyc_schema.library cascade",
    "insert into wxyc_schema.library (artist_id) values (1)",
    "update wxyc_schema.artists set artist_name = 'Cat Power'",
    "insert into wxyc_schema.artists (artist_name) values ('Cat Power')",
    "delete from wxyc_schema.library_delete_denylist",
    "insert into wxyc_schema.library_delete_denylist (legacy_release_id, library_id) values (1, 1)",
    "update wxyc_schema.library_identity_history set superseded_reason = ''",
    "delete from wxyc_schema.library_identity_history",
    "update wxyc_schema.compilation_track_artist set artist_name = 'Cat Power'",
    "update wxyc_schema.compilation_track_artist set track_title = null",
    "insert into wxyc_schema.compilation_track_artist (library_id) values (1)",
    "delete from wxyc_schema.compilation_track_artist",
    "update wxyc_schema.rotation set lml_identity_id = 1",
    "insert into wxyc_schema.rotation (rotation_bin) values ('H')",
    "delete from wxyc_schema.library_watermark",
    "update wxyc_schema.library_watermark set id = true",
    "insert into wxyc_schema.library_watermark default values",
    "select * from wxyc_schema.shows",
    "select nextval('wxyc_schema.library_id_seq')",
    "create table wxyc_schema.ours (id int)",
    "create table wxyc_assets.ours (id int)",
    "create schema ours",
    "create temporary table ours (id int)",
    "alter table wxyc_schema.library add column ours int",
    "create index on wxyc_schema.library (plays)",
    "drop table wxyc_schema.library_identity_history",
    "create trigger ours before update on wxyc_schema.library "
    "for each row execute function wxyc_schema.cdc_notify()",
    "create or replace function wxyc_schema.fold_artist_name(name text) returns text "
    "language sql immutable as 'select name'",
    "create or replace function wxyc_assets.analyze_table(table_name text) returns void "
    "language sql as ''",
    "alter table wxyc_assets.lml_resolution drop column answer",
    "update wxyc_assets.library_journal set before = null",
    "update wxyc_assets.library_revert set reverted_by = 'nobody'",
    "delete from wxyc_assets.library_revert",
    "delete from wxyc_assets.rotation_refresh",
    "update wxyc_assets.coverage_snapshot set fresh = 0",
    "update wxyc_assets.coverage_acceptance set why = 'ours'",
    "delete from wxyc_assets.coverage_acceptance",
    "delete from wxyc_assets.doubt_count",
    "delete from wxyc_assets.library_run",
    "delete from wxyc_assets.library_range_run",
    "delete from wxyc_assets.lml_budget",
    "update wxyc_assets.lml_budget set id = 1",
    "update wxyc_assets.alembic_version set version_num = '0001'",
    "select wxyc_assets.analyze_table('shows')",
    "select wxyc_assets.analyze_table('pg_authid')",
    "select wxyc_assets.analyze_table('library; drop table wxyc_schema.library')",
    "select wxyc_assets.analyze_table(null)",
    "set role postgres",
    "copy wxyc_schema.library to program 'cat'",
    "select * from pg_authid",
    "create role ours",
]


@pytest.fixture(scope="module")
def writer(granted: Granted) -> Iterator[psycopg.Connection]:
    with psycopg.connect(granted.owner, autocommit=True) as connection:
        connection.execute("create table wxyc_schema.shows (id int)")
    with psycopg.connect(granted.writer, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("statement", REFUSED)
def test_anything_else_is_refused(writer: psycopg.Connection, statement: LiteralString) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        writer.execute(statement)


def test_the_function_uses_its_own_schemas_only(
    granted: Granted, writer: psycopg.Connection
) -> None:
    with psycopg.connect(granted.owner, autocommit=True) as owner:
        owner.execute(f"grant temporary on database postgres to {WRITER}")
        writer.execute("create temporary table library (id int)")
        owner.execute(f"revoke temporary on database postgres from {WRITER}")
    try:
        writer.execute("select wxyc_assets.analyze_table('library')")
        found = writer.execute(
            "select reltuples from pg_class where oid = 'pg_temp.library'::regclass"
        ).fetchone()
        assert found == (-1,)  # never analyzed
    finally:
        writer.execute("drop table pg_temp.library")


def test_other_roles_may_still_create_temporary_tables(granted: Granted) -> None:
    url = granted.owner.replace("//postgres@", "//application@")
    with psycopg.connect(url) as connection:
        connection.execute("create temporary table theirs (id int)")


def test_no_other_role_may_call_the_function(granted: Granted) -> None:
    with psycopg.connect(granted.owner, autocommit=True) as connection:
        connection.execute("create role passer_by login")
    url = granted.owner.replace("//postgres@", "//passer_by@")
    with psycopg.connect(url) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute("select wxyc_assets.analyze_table('library')")
