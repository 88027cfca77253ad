"""The Backend database, reached through one small pool and statements in `sql/`."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from functools import cache, partial
from importlib.resources import files
from typing import Any

import psycopg
import stamina
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL, Identifier

from wxyc_assets.adapters.postgres.connections import (
    CONNECT_TIMEOUT_SECONDS,
    CONNECTION_WAIT_SECONDS,
    Connection,
    Pool,
    check_url,
    connect_alone,
)
from wxyc_assets.adapters.postgres.errors import (
    GRANT,
    DatabaseUnavailable,
    Deadlocked,
    NotPermitted,
    SchemaOutdated,
    connecting,
    first_line,
    translated,
)
from wxyc_assets.migrations import HEAD

Parameters = Mapping[str, Any]

retry_on_deadlock = stamina.retry(
    on=Deadlocked, attempts=8, timeout=None, wait_initial=0.05, wait_max=2.0, wait_jitter=0.2
)
"""For what does its work in one transaction."""


@cache
def sql(name: str) -> bytes:
    """Return the statement in `sql/<name>.sql`, such as `identity/select_due`.

    As bytes, so that nothing can be pasted into it.
    """
    return files("wxyc_assets.adapters.postgres").joinpath(f"sql/{name}.sql").read_bytes()


class Transaction:
    """Statements of `sql/` on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def execute(self, name: str, parameters: Parameters | None = None) -> None:
        await self._connection.execute(sql(name), parameters)

    async def fetch(self, name: str, parameters: Parameters | None = None) -> list[DictRow]:
        cursor = await self._connection.execute(sql(name), parameters)
        return await cursor.fetchall()


class Database:
    """Statements, transactions, sessions and maintenance; use `open_database`."""

    def __init__(
        self,
        pool: Pool,
        connect: Callable[[], Coroutine[Any, Any, Connection]],
    ) -> None:
        self._pool = pool
        self._connect = connect

    async def execute(self, name: str, parameters: Parameters | None = None) -> None:
        """Execute one statement, which commits by itself; raise as `transaction` does."""
        async with translated(), self._pool.connection() as connection:
            await Transaction(connection).execute(name, parameters)

    async def fetch(self, name: str, parameters: Parameters | None = None) -> list[DictRow]:
        """Return the rows of one statement, which commits by itself; raise as `transaction` does.

        That takes a third of the round trips: no BEGIN and no COMMIT.
        """
        async with translated(), self._pool.connection() as connection:
            return await Transaction(connection).fetch(name, parameters)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        """One transaction; raises RowRefused or DatabaseUnavailable."""
        async with translated(), self._pool.connection() as connection, connection.transaction():
            yield Transaction(connection)

    @asynccontextmanager
    async def rehearsal(self) -> AsyncGenerator[Transaction]:
        """One transaction that leaves no trace, because it is rolled back at its end."""
        async with (
            translated(),
            self._pool.connection() as connection,
            connection.transaction(force_rollback=True),
        ):
            yield Transaction(connection)

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[Connection]:
        """A connection outside the pool, in autocommit; its locks end with it."""
        async with connecting():
            connection = await self._connect()
        try:
            yield connection
        finally:
            await connection.close()

    async def flush(self, id_range: str) -> None:
        """Makes every earlier commit durable."""
        async with self.transaction() as transaction:
            await transaction.execute("database/synchronous_commit_on")
            await transaction.execute("database/flush_commits", {"id_range": id_range})

    async def analyze(self, *tables: str) -> list[str]:
        """Refreshes the planner's statistics; returns the tables where that did not take."""
        async with asyncio.TaskGroup() as group:
            for table in tables:
                group.create_task(self._analyze(table))
        rows = await self.fetch("database/select_unanalyzed", {"tables": list(tables)})
        return [row["table_name"] for row in rows]

    async def _analyze(self, table: str) -> None:
        """Through the owner's function, where deploy/grants.sql made one.

        Before PostgreSQL 17 a role that does not own a table has its ANALYZE skipped in silence.
        """
        async with translated(), self._pool.connection() as connection:
            cursor = await connection.execute(sql("database/select_analyze_function"))
            made = await cursor.fetchone()
            if made is None:
                await connection.execute(SQL("analyze {}").format(Identifier(table)))
            else:
                by_owner = SQL("select {}.analyze_table(%s)")
                schema = Identifier(made["schema_name"])
                await connection.execute(by_owner.format(schema), [table])


@asynccontextmanager
async def open_database(
    url: str,
    *,
    schema: str,
    assets_schema: str,
    max_connections: int,
    connection_wait_seconds: float = CONNECTION_WAIT_SECONDS,
) -> AsyncGenerator[Database]:
    """A pool of up to `max_connections`, after a look whether the schema is current.

    Raises DatabaseUnavailable, NotPermitted or SchemaOutdated, before anything is touched.
    """
    options = f"-c search_path={assets_schema},{schema},public -c synchronous_commit=off -c jit=off"
    check_url(url)
    pool = Pool(url, options, max_connections=max_connections, wait_seconds=connection_wait_seconds)
    await _look_first(url, options, schema=schema, assets_schema=assets_schema)
    async with pool:
        yield Database(pool, partial(connect_alone, url, options))


async def _look_first(url: str, options: str, *, schema: str, assets_schema: str) -> None:
    seen = await _see_tables(url, options, schema, assets_schema)
    if not seen["has_library"]:
        raise SchemaOutdated(
            f"The database has no table {schema}.library. Is WXYC_SCHEMA_NAME right?"
        )
    if seen["missing_privileges"]:
        raise NotPermitted(
            f"The role {seen['role_name']} lacks {seen['missing_privileges']}. {GRANT}"
        )
    if seen["revision"] != HEAD:
        raise SchemaOutdated(
            f"Our tables are at revision {seen['revision'] or 'none'}, this version needs {HEAD}. "
            f"{_remedy(seen['revision'])}"
        )
    if not seen["has_stamp"]:
        raise SchemaOutdated(
            f"{schema}.library has lost its column unresolved_attempted_at. Its owner can say: "
            f"alter table {schema}.library add column unresolved_attempted_at timestamptz"
        )


def _remedy(revision: str | None) -> str:
    if revision and revision > HEAD:
        return "Deploy the version that migrated them, or downgrade with it (docs/operating.md)."
    return "Run `wxyc-assets migrate`."


async def _see_tables(url: str, options: str, schema: str, assets_schema: str) -> DictRow:
    """Return what is there, with the revision of our tables as far as it can be read."""
    try:
        async with await Connection.connect(
            url, options=options, row_factory=dict_row, connect_timeout=CONNECT_TIMEOUT_SECONDS
        ) as connection:
            looked = await connection.execute(
                sql("database/select_tables_seen"),
                {"schema": schema, "assets_schema": assets_schema},
            )
            (seen,) = await looked.fetchall()
            can_read = seen["has_version"] and not seen["missing_privileges"]
            versions = can_read and await connection.execute(
                "select version_num from alembic_version"
            )
            version = versions and await versions.fetchone()
            return {**seen, "revision": version["version_num"] if version else None}
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            f"The Backend database cannot be reached: {first_line(error)}. "
            "Is DATABASE_URL right, and is the server up?"
        ) from error
