"""Statements, transactions and sessions on an open database."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from wxyc_assets.adapters.postgres.database import Database, open_database
from wxyc_assets.adapters.postgres.errors import (
    DatabaseUnavailable,
    RowRefused,
    StatementCanceled,
    translated,
)
from wxyc_assets.adapters.postgres.identity_store import TABLES
from wxyc_assets_tests.integration.adapters.postgres.opening import opening
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.waiting import TIMEOUT_SECONDS
from wxyc_sandbox.postgres import Postgres

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
