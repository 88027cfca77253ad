import asyncio
import tempfile
import traceback
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from wxyc_assets.adapters.postgres.database import Database, open_database
from wxyc_assets.adapters.postgres.errors import (
    DatabaseError,
    DatabaseUnavailable,
    NotPermitted,
    RowRefused,
    SchemaOutdated,
    StatementCanceled,
    translated,
)
from wxyc_assets.adapters.postgres.identity_store import TABLES
from wxyc_assets.adapters.postgres.rotation_store import RotationStore
from wxyc_assets.migrations import HEAD
from wxyc_assets.migrations.run import migrate
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.waiting import TIMEOUT_SECONDS
from wxyc_sandbox.postgres import Postgres

SCHEMAS = {"schema": "wxyc_schema", "assets_schema": "wxyc_assets"}


@asynccontextmanager
async def opening(
    url: str, *, schema: str = "wxyc_schema", max_connections: int = 4
) -> AsyncGenerator[Database]:
    async with open_database(
        url, schema=schema, assets_schema="wxyc_assets", max_connections=max_connections
    ) as database:
        yield database


async def refusal(url: str, *, schema: str = "wxyc_schema") -> DatabaseError:
    with pytest.raises(DatabaseError) as caught:
        async with opening(url, schema=schema):
            pass
    return caught.value


async def test_without_our_tables_the_command_that_makes_them_is_named(backend: str) -> None:
    error = await refusal(backend)
    assert type(error) is SchemaOutdated
    assert str(error) == (
        f"Our tables are at revision none, this version needs {HEAD}. Run `wxyc-assets migrate`."
    )


@pytest.mark.parametrize(
    ("revision", "remedy"),
    [("0001", "Run `wxyc-assets migrate`."), ("9999", "Deploy the version that migrated them")],
)
async def test_another_revision_is_named_with_what_to_do(
    assets: str, backend_db: BackendDb, revision: str, remedy: str
) -> None:
    backend_db.execute("update wxyc_assets.alembic_version set version_num = %s", revision)
    error = await refusal(assets)
    assert type(error) is SchemaOutdated
    assert f"at revision {revision}, this version needs {HEAD}. {remedy}" in str(error)


async def test_an_emptied_version_table_is_no_revision(assets: str, backend_db: BackendDb) -> None:
    backend_db.execute("delete from wxyc_assets.alembic_version")
    assert "at revision none" in str(await refusal(assets))


async def test_a_library_that_lost_its_stamp_column_is_told_with_the_cure(
    assets: str, backend_db: BackendDb
) -> None:
    backend_db.execute("alter table library drop column unresolved_attempted_at")
    error = await refusal(assets)
    assert type(error) is SchemaOutdated
    cure = "alter table wxyc_schema.library add column unresolved_attempted_at timestamptz"
    assert str(error).endswith(cure)
    backend_db.connection.execute(cure)
    async with opening(assets):
        pass


async def test_an_older_revision_without_the_stamp_column_is_sent_to_migrate(
    backend: str, schema: str
) -> None:
    with BackendDb(backend) as backend_db:
        backend_db.execute("alter table library drop column unresolved_attempted_at")
    assert "Run `wxyc-assets migrate`" in str(await refusal(backend))
    migrate(backend, assets_schema="wxyc_assets", backend_schema=schema)
    async with opening(backend):
        pass


async def test_a_database_that_is_not_the_backends_is_told(database: str) -> None:
    error = await refusal(database)
    assert type(error) is SchemaOutdated
    assert str(error) == (
        "The database has no table wxyc_schema.library. Is WXYC_SCHEMA_NAME right?"
    )


async def test_another_schema_name_is_told(assets: str) -> None:
    assert "no table elsewhere.library" in str(await refusal(assets, schema="elsewhere"))


async def test_a_role_that_may_not_look_is_told(
    postgres: Postgres, assets: str, backend_db: BackendDb
) -> None:
    backend_db.execute("create role visitor login")
    try:
        url = assets.replace("//postgres@", "//visitor@")
        error = await refusal(url)
        assert type(error) is NotPermitted
        assert str(error).startswith("The role visitor lacks usage on schema ")
        assert "deploy/grants.sql" in str(error)
        backend_db.execute("grant usage on schema wxyc_schema, wxyc_assets to visitor")
        backend_db.execute("grant select on wxyc_assets.alembic_version to visitor")
        assert "visitor lacks select on wxyc_schema.library." in str(await refusal(url))
        backend_db.execute("grant select on wxyc_schema.library to visitor")
        async with opening(url) as database:
            with pytest.raises(NotPermitted, match=r"table rotation\. .*deploy/grants\.sql"):
                await RotationStore(database).active()
    finally:
        backend_db.execute("drop owned by visitor")
        backend_db.execute("drop role visitor")


async def test_a_database_that_is_gone_is_unavailable(postgres: Postgres) -> None:
    error = await refusal(postgres.url("gone"))
    assert type(error) is DatabaseUnavailable
    assert 'database "gone" does not exist' in str(error)
    assert "Is DATABASE_URL right, and is the server up?" in str(error)


async def test_a_server_that_is_down_is_unavailable() -> None:
    with tempfile.TemporaryDirectory() as nowhere:
        error = await refusal(f"postgresql://postgres@/wxyc?host={nowhere}")
    assert type(error) is DatabaseUnavailable
    assert "cannot be reached" in str(error)


SECRET = "hunter2"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://dj:{SECRET}@localhost.invalid/wxyc",
        f"postgresql://dj:{SECRET}@localhost:notaport/wxyc",
        f"postgresql://dj:{SECRET}@[::1/wxyc",
        f"postgresql://dj:{SECRET}%zz@localhost/wxyc",
        f"postgresql://dj:{SECRET}/x@localhost/wxyc",
        f"postgresql://localhost:{SECRET}/x@localhost/wxyc",
        f"postgresql://dj:x/{SECRET}@localhost.invalid/wxyc",
        f"postgresql://dj:x@{SECRET}@localhost.invalid/wxyc",
        f"postgresql://dj:{SECRET}@x@localhost.invalid/wxyc",
        f"postgresql://dj:x:{SECRET}@localhost.invalid/wxyc",
        f"postgresql://dj:x?{SECRET}@localhost.invalid/wxyc",
        f"postgresql://dj:x#{SECRET}@localhost.invalid/wxyc",
        f"postgresql://dj:x {SECRET}@localhost.invalid/wxyc",
        f"postgresql://localhost.invalid/wxyc?user=dj&password={SECRET}",
        f"host=localhost.invalid user=dj password={SECRET}",
        f"host=localhost.invalid user=dj password=x {SECRET}",
        f"host=localhost.invalid user=dj password='{SECRET}",
        f"mysql://dj:{SECRET}@localhost/wxyc",
        f"dj:{SECRET}@localhost/wxyc",
    ],
)
async def test_no_message_holds_a_secret(url: str) -> None:
    error = await refusal(url)
    assert SECRET not in "".join(traceback.format_exception(error))
    assert "DATABASE_URL" in str(error)


async def test_a_wrong_password_is_told_without_it(postgres: Postgres, assets: str) -> None:
    url = assets.replace("//postgres@", f"//nobody:{SECRET}@")
    error = await refusal(url)
    assert 'role "nobody" does not exist' in str(error)
    assert SECRET not in "".join(traceback.format_exception(error))


REFUSED: dict[str, Any] = {"library_id": 1, "cohort": "va", "artist_name": "Burial"}
STORED = REFUSED | {
    "refusal": "no",
    "is_matched": False,
    "is_poisoned": False,
    "null_confidences": 0,
}


def answers(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"answers": Jsonb(rows), "now": None, "run_id": "x"}


async def test_a_failed_transaction_leaves_nothing(opened: Database, backend_db: BackendDb) -> None:
    backend_db.record(1)

    async def store() -> None:
        async with opened.transaction() as transaction:
            for row in (STORED, REFUSED):
                await transaction.execute("identity/put_answers", answers(row))

    with pytest.raises(RowRefused, match="null value"):
        await store()
    assert backend_db.value("select count(*) from lml_resolution") == 0


async def test_a_statement_by_itself_commits_whole_or_not_at_all(
    opened: Database, backend_db: BackendDb
) -> None:
    for library_id in (1, 2):
        backend_db.record(library_id)
    with pytest.raises(RowRefused, match="null value"):
        await opened.execute("identity/put_answers", answers(STORED | {"library_id": 2}, REFUSED))
    assert backend_db.value("select count(*) from lml_resolution") == 0
    await opened.execute("identity/put_answers", answers(STORED))
    assert backend_db.value("select count(*) from lml_resolution") == 1


async def test_a_lost_connection_is_unavailable(opened: Database, backend_db: BackendDb) -> None:
    async def interrupted() -> None:
        async with opened.transaction() as transaction:
            backend_db.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
            await transaction.execute("database/flush_commits", {"id_range": "x"})

    with pytest.raises(DatabaseUnavailable, match="The database went away"):
        await interrupted()


async def test_a_server_that_takes_no_writes_is_unavailable(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.execute(
        "do $$ begin execute format('alter database %I set default_transaction_read_only = on', "
        "current_database()); end $$"
    )
    async with opened.session() as session:  # a new one, as after a failover
        with pytest.raises(DatabaseUnavailable, match="takes no writes, as a standby does not"):
            async with translated():
                await session.execute("delete from library_candidate")


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        (
            "statement_timeout",
            "The database stopped a statement: .* The limit is statement_timeout",
        ),
        ("lock_timeout", "Another session kept a lock too long: .* The limit is lock_timeout"),
    ],
)
async def test_a_timeout_is_named_as_such(
    assets: str, backend_db: BackendDb, limit: str, message: str
) -> None:
    name = backend_db.value("select current_database()")
    backend_db.connection.execute(
        sql.SQL("alter database {} set {} = 100").format(
            sql.Identifier(name), sql.Identifier(limit)
        )
    )
    held = {"family": 1, "first": 1}
    async with opening(assets) as database, database.transaction() as first:
        await first.execute("locks/take_range_lock_in_transaction", held)
        with pytest.raises(StatementCanceled, match=message):
            async with database.transaction() as second:
                await second.execute("locks/take_range_lock_in_transaction", held)


async def test_a_roles_connection_limit_is_named(assets: str, backend_db: BackendDb) -> None:
    backend_db.execute("create role lonely login")
    backend_db.execute("grant usage on schema wxyc_schema, wxyc_assets to lonely")
    backend_db.execute("grant select on all tables in schema wxyc_schema, wxyc_assets to lonely")
    reason = 'The database gave us no connection: .*too many connections for role "lonely"'
    try:
        async with (
            open_database(
                assets.replace("//postgres@", "//lonely@"),
                schema="wxyc_schema",
                assets_schema="wxyc_assets",
                max_connections=4,
                connection_wait_seconds=0.5,
            ) as database,
            database.transaction(),
        ):
            backend_db.execute("alter role lonely connection limit 1")
            with pytest.raises(DatabaseUnavailable, match=reason):
                async with database.session():
                    pass
            with pytest.raises(DatabaseUnavailable, match=reason):
                # Three, as the pool may have opened a second one already.
                async with database.transaction(), database.transaction(), database.transaction():
                    pass
    finally:
        backend_db.execute("drop owned by lonely")
        backend_db.execute("drop role lonely")


async def test_a_process_whose_connections_are_all_busy_says_so(assets: str) -> None:
    async with (
        open_database(
            assets,
            schema="wxyc_schema",
            assets_schema="wxyc_assets",
            max_connections=1,
            connection_wait_seconds=0.5,
        ) as database,
        database.transaction(),
    ):
        with pytest.raises(DatabaseUnavailable, match="All 1 connections of this process are busy"):
            async with database.transaction():
                pass


COUNT_PLANS = """
create sequence plans;
grant usage on sequence plans to public;
create function planned() returns bool immutable language plpgsql as $$
begin
    perform nextval('plans');
    return true;
end $$;
create function ask() returns trigger language plpgsql as $$
begin
    perform from artists where id = new.library_id and planned();
    return null;
end $$;
"""
"""An immutable function is called when a statement is planned, to fold it into a constant."""
PLANS = "select case when is_called then last_value else 0 end from plans"
REPEATED = 30  # far more often than PostgreSQL needs to settle on a plan


async def test_a_statement_is_planned_for_its_own_values_however_often_it_ran(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.execute(COUNT_PLANS)
    backend_db.execute("alter table library_candidate rename to all_candidates")
    backend_db.execute(
        "create view library_candidate as select * from all_candidates where planned()"
    )
    before = backend_db.value(PLANS)
    for _ in range(REPEATED):
        async with opened.transaction() as transaction:
            await transaction.fetch("identity/select_any_candidate", {"first": 1, "last": 9})
    assert backend_db.value(PLANS) - before == REPEATED


async def test_what_a_trigger_does_is_not_planned_again_for_each_row(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.execute(COUNT_PLANS)
    backend_db.execute(
        "create trigger ask after insert on lml_resolution for each row execute function ask()"
    )
    ids = range(1, REPEATED + 1)
    for each in ids:
        backend_db.record(each)
    refused = {"cohort": "va", "artist_name": "Burial", "refusal": "no", "is_matched": False}
    refused |= {"is_poisoned": False, "null_confidences": 0}
    rows = [refused | {"library_id": each} for each in ids]
    async with opened.transaction() as transaction:
        parameters = {"answers": Jsonb(rows), "now": None, "run_id": "x"}
        await transaction.execute("identity/put_answers", parameters)
    assert 0 < backend_db.value(PLANS) < REPEATED / 2


async def test_statistics_are_fresh_after_analyze(opened: Database, backend_db: BackendDb) -> None:
    assert await opened.analyze(*TABLES) == []
    assert backend_db.value(
        "select last_analyze is not null from pg_stat_user_tables where relname = 'library'"
    )


async def test_an_analyze_that_did_not_take_is_told(
    postgres: Postgres, assets: str, backend_db: BackendDb
) -> None:
    backend_db.execute("create role reader login")
    backend_db.execute("grant usage on schema wxyc_schema, wxyc_assets to reader")
    backend_db.execute("grant select on all tables in schema wxyc_schema, wxyc_assets to reader")
    try:
        async with AsyncExitStack() as stack:
            stack.callback(backend_db.execute, "drop owned by reader")
            url = assets.replace("//postgres@", "//reader@")
            database = await stack.enter_async_context(opening(url))
            assert await database.analyze("library", "library_identity") == [
                "library",
                "library_identity",
            ]
    finally:
        backend_db.execute("drop role reader")


async def test_our_sessions_find_our_tables_and_the_backends(opened: Database) -> None:
    async with opened.transaction() as transaction:
        (seen,) = await transaction.fetch("database/select_tables_seen", SCHEMAS)
    assert seen == {
        "has_library": True,
        "has_stamp": True,
        "has_version": True,
        "role_name": "postgres",
        "missing_privileges": None,
    }


async def test_a_schema_migrated_under_another_name_is_found(backend: str) -> None:
    migrate(backend, assets_schema="other_assets", backend_schema="wxyc_schema")
    async with (
        open_database(
            backend, schema="wxyc_schema", assets_schema="other_assets", max_connections=1
        ) as database,
        database.transaction() as transaction,
    ):
        schemas = SCHEMAS | {"assets_schema": "other_assets"}
        assert (await transaction.fetch("database/select_tables_seen", schemas))[0]["has_version"]
    with psycopg.connect(backend) as connection:
        found = connection.execute("select to_regclass('wxyc_assets.lml_resolution')").fetchone()
    assert found == (None,)


@pytest.mark.parametrize("ticks", range(12))
async def test_a_cancellation_is_not_lost_while_a_connection_is_handed_over(
    assets: str, ticks: int
) -> None:
    async with opening(assets, max_connections=1) as database:

        async def use_a_connection() -> None:
            async with database.transaction():
                await asyncio.Event().wait()

        async with database.transaction():
            waiting = asyncio.create_task(use_a_connection())
            await asyncio.sleep(0)
        for _ in range(ticks):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting], timeout=TIMEOUT_SECONDS)
        assert waiting.cancelled()
        async with database.transaction():
            """The connection is back."""
