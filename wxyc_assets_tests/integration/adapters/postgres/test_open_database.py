"""Opening the database: what is missing or wrong is told, without a secret."""

import tempfile
import traceback

import psycopg
import pytest

from wxyc_assets.adapters.postgres.database import Database, open_database
from wxyc_assets.adapters.postgres.errors import (
    DatabaseError,
    DatabaseUnavailable,
    NotPermitted,
    SchemaOutdated,
)
from wxyc_assets.adapters.postgres.rotation_store import RotationStore
from wxyc_assets.migrations import HEAD
from wxyc_assets.migrations.run import migrate
from wxyc_assets_tests.integration.adapters.postgres.opening import opening
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_sandbox.postgres import Postgres

SCHEMAS = {"schema": "wxyc_schema", "assets_schema": "wxyc_assets"}


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
