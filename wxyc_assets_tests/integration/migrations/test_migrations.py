"""Migrations of our schema, up and down."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import sqlalchemy.exc
from alembic import command
from alembic.script import ScriptDirectory

from wxyc_assets.migrations import HEAD
from wxyc_assets.migrations.run import alembic_config, migrate
from wxyc_assets_tests.e2e.operation.processes import run_program
from wxyc_sandbox.postgres import Postgres

OURS = ["library_candidate", "lml_resolution"]


@pytest.fixture
def stationhand(postgres: Postgres, backend: str, schema: str) -> Iterator[str]:
    """The URL of a role that may write the Backend's tables and owns none of them."""
    with psycopg.connect(backend, autocommit=True) as connection:
        connection.execute("create role stationhand login")
        connection.execute(f"grant usage on schema {schema} to stationhand")  # pyright: ignore
        connection.execute(
            f"grant all on all tables in schema {schema} to stationhand"  # pyright: ignore
        )
        connection.execute("create schema wxyc_assets authorization stationhand")
        yield backend.replace("//postgres@", "//stationhand@")
        connection.execute("drop owned by stationhand")
        connection.execute("drop role stationhand")


def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://dj@127.0.0.1:{silent.getsockname()[1]}/wxyc?sslmode=require"
        with pytest.raises(sqlalchemy.exc.OperationalError, match="timeout expired"):
            run(url, "wxyc_schema")


def run(url: str, schema: str) -> None:
    migrate(url, assets_schema="wxyc_assets", backend_schema=schema)


def tables(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'wxyc_assets'"
        )
        return sorted(name for (name,) in found)


def revision(url: str) -> str | None:
    with psycopg.connect(url) as connection:
        row = connection.execute("select version_num from wxyc_assets.alembic_version").fetchone()
        return row[0] if row else None


def has_stamp(url: str, schema: str) -> bool:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select from information_schema.columns where table_schema = %s "
            "and table_name = 'library' and column_name = 'unresolved_attempted_at'",
            [schema],
        )
        return found.fetchone() is not None


def drop_stamp(url: str, schema: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            f"alter table {schema}.library drop column unresolved_attempted_at"  # pyright: ignore
        )


def test_a_fresh_database_gets_our_tables_in_our_own_schema(backend: str, schema: str) -> None:
    run(backend, schema)
    assert {*OURS} <= {*tables(backend)}
    assert revision(backend) == HEAD


def test_a_second_migration_changes_nothing(backend: str, schema: str) -> None:
    run(backend, schema)
    before = tables(backend)
    with psycopg.connect(backend) as connection:
        connection.execute(
            "insert into wxyc_assets.lml_resolution "
            "(library_id, cohort, artist_name, refusal, answered_at, run_id) "
            "values (1, 'va', 'Stereolab', 'no', now(), 'x')"
        )
    run(backend, schema)
    assert tables(backend) == before
    with psycopg.connect(backend) as connection:
        kept = connection.execute("select count(*) from wxyc_assets.lml_resolution").fetchone()
    assert kept == (1,)


def test_a_library_without_the_stamp_gets_it(backend: str, schema: str) -> None:
    drop_stamp(backend, schema)
    run(backend, schema)
    assert has_stamp(backend, schema)


def test_a_role_that_does_not_own_the_library_migrates_where_the_stamp_is_there(
    stationhand: str, backend: str, schema: str
) -> None:
    run(stationhand, schema)
    assert revision(backend) == HEAD
    run(stationhand, schema)


def test_a_role_that_does_not_own_the_library_is_told_where_the_stamp_is_missing(
    stationhand: str, backend: str, schema: str
) -> None:
    drop_stamp(backend, schema)
    with pytest.raises(sqlalchemy.exc.ProgrammingError, match="must be owner of table library"):
        run(stationhand, schema)
    assert not has_stamp(backend, schema)


def test_a_downgrade_takes_our_tables_and_leaves_the_backend_its_column(
    backend: str, schema: str
) -> None:
    run(backend, schema)
    config = alembic_config(backend, assets_schema="wxyc_assets", backend_schema=schema)
    command.downgrade(config, "base")
    assert not {*OURS} & {*tables(backend)}
    assert has_stamp(backend, schema)
    run(backend, schema)
    assert revision(backend) == HEAD


def test_lookups_from_before_answers_were_kept_are_marked(backend: str, schema: str) -> None:
    config = alembic_config(backend, assets_schema="wxyc_assets", backend_schema=schema)
    command.upgrade(config, "0009")
    with psycopg.connect(backend) as connection:
        connection.execute(
            "insert into wxyc_assets.artwork_lookup (library_id, outcome, url, match, artist_name, "
            "album_title, legacy_release_id, looked_up_at, run_id) "
            "values (1, 'cover', 'https://i.discogs.com/a.jpeg', 'careful', 'Cat Power', "
            "'Moon Pix', 50001, now(), 'x')"
        )
    run(backend, schema)
    with psycopg.connect(backend) as connection:
        found = connection.execute(
            "select answer, api_calls, rules_version from wxyc_assets.artwork_lookup"
        ).fetchone()
    assert found == (None, None, 1)


def test_answers_are_compressed_with_lz4_where_the_server_has_it(backend: str, schema: str) -> None:
    run(backend, schema)
    with psycopg.connect(backend) as connection:
        (methods,) = connection.execute(
            "select enumvals from pg_settings where name = 'default_toast_compression'"
        ).fetchone() or ([],)
        found = connection.execute(
            "select attrelid::regclass::text, attcompression::text from pg_attribute "
            "join pg_class c on c.oid = attrelid where attname = 'answer' and c.relkind = 'r' "
            "order by 1"
        ).fetchall()
    used = "l" if "lz4" in methods else ""
    assert found == [("wxyc_assets.artwork_lookup", used), ("wxyc_assets.lml_resolution", used)]


def test_a_database_without_the_backends_library_is_left_as_it_was(
    database: str, schema: str
) -> None:
    with pytest.raises(sqlalchemy.exc.ProgrammingError, match="library"):
        run(database, schema)
    assert not {*OURS} & {*tables(database)}


def test_a_version_that_is_older_than_the_tables_leaves_them_alone(assets: str) -> None:
    with psycopg.connect(assets, autocommit=True) as connection:
        connection.execute("update wxyc_assets.alembic_version set version_num = '9999'")
    done = run_program(
        "wxyc-assets",
        "migrate",
        env={**os.environ, "DATABASE_URL": assets, "LIBRARY_METADATA_URL": "http://lml"},
        cwd=Path.cwd(),
    )
    assert done.returncode == 1
    assert "'9999'. These tables are newer than this version" in done.stderr
    assert "Traceback" not in done.stderr
    assert revision(assets) == "9999"


def test_the_head_that_the_code_names_is_the_last_migration(backend: str, schema: str) -> None:
    config = alembic_config(backend, assets_schema="wxyc_assets", backend_schema=schema)
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_password_in_the_url_stays_out_of_the_message(postgres: Postgres, schema: str) -> None:
    socket_folder = quote(str(postgres.data))
    url = f"postgresql://nobody:s3cr%25t@/nowhere?host={socket_folder}"
    with pytest.raises(sqlalchemy.exc.OperationalError) as caught:
        run(url, schema)
    assert "s3cr" not in str(caught.value)
