"""The Backend database, reached through one small pool and statements in `sql/`.

DatabaseError
├── DatabaseUnavailable     no connection, or it was lost: running again may help
├── Deadlocked              we and another writer waited for each other: trying again helps
├── SchemaOutdated          our own tables are missing or of another version
└── RowRefused              the database will not hold what a row says
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from functools import cache, partial
from importlib.resources import files
from typing import Any

import psycopg
import stamina
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL, Identifier
from psycopg_pool import AsyncConnectionPool

from wxyc_assets.migrations import HEAD

Connection = psycopg.AsyncConnection[DictRow]
Parameters = Mapping[str, Any]

APPLICATION_NAME = "wxyc_assets"
CONNECT_TIMEOUT_SECONDS = 10
NOTICE_A_DEAD_PEER = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
)
"""For a session that holds locks: the server drops it 25 s after its machine has vanished."""


class DatabaseError(Exception):
    """Anything that goes wrong between us and the database."""


class DatabaseUnavailable(DatabaseError):
    """The database cannot be reached, or went away in the middle."""


class Deadlocked(DatabaseError):
    """We and another writer waited for each other, and the database chose us to give way."""


class SchemaOutdated(DatabaseError):
    """Our own tables are not what this version of the code expects."""


class RowRefused(DatabaseError):
    """The database will not hold what one of the rows says."""


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


@asynccontextmanager
async def translated() -> AsyncGenerator[None]:
    """Turns psycopg's errors into ours; the message never holds the connection string."""
    try:
        yield
    except (
        psycopg.DataError,
        psycopg.IntegrityError,
        errors.ProgramLimitExceeded,
        errors.RaiseException,
    ) as error:
        raise RowRefused(_first_line(error)) from error
    except errors.DeadlockDetected as error:
        raise Deadlocked(_first_line(error)) from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DatabaseUnavailable(f"The database went away: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


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
    """Transactions, sessions and maintenance; use `open_database`."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Connection],
        connect: Callable[[], Coroutine[Any, Any, Connection]],
    ) -> None:
        self._pool = pool
        self._connect = connect

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        """One transaction; raises RowRefused or DatabaseUnavailable."""
        async with translated(), self._pool.connection() as connection:
            yield Transaction(connection)

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[Connection]:
        """A connection outside the pool, in autocommit; its locks end with it."""
        async with translated():
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
        async with self.transaction() as transaction:
            rows = await transaction.fetch("database/select_unanalyzed", {"tables": list(tables)})
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
    url: str, *, schema: str, assets_schema: str, max_connections: int
) -> AsyncGenerator[Database]:
    """A pool of up to `max_connections`, after a look whether the schema is current.

    Raises DatabaseUnavailable or SchemaOutdated, before anything is touched.
    """
    options = (
        f"-c search_path={assets_schema},{schema},public -c synchronous_commit=off -c jit=off "
        "-c plan_cache_mode=force_custom_plan"  # a batch is never of the ten rows of a generic plan
    )
    check_url(url)
    pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
        url,
        connection_class=psycopg.AsyncConnection[DictRow],
        kwargs={
            "options": options,
            "row_factory": dict_row,
            "application_name": APPLICATION_NAME,
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        },
        min_size=1,
        max_size=max_connections,
        open=False,
    )
    await _look_first(url, options, schema)
    async with pool:
        yield Database(pool, partial(_connect_alone, url, options))


async def _connect_alone(url: str, options: str) -> Connection:
    return await Connection.connect(
        url,
        options=f"{options} {NOTICE_A_DEAD_PEER}",
        row_factory=dict_row,
        application_name=APPLICATION_NAME,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        autocommit=True,
    )


def check_url(url: str) -> None:
    """Refuses what libpq would misread: its messages would quote a part of the password."""
    authority = url.partition("://")[2].partition("?")[0]
    user, _, _ = authority.rpartition("@")
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise DatabaseUnavailable("DATABASE_URL is not a connection string") from None
    if "@" in user or "/" in user:
        raise DatabaseUnavailable(
            "DATABASE_URL is not a connection string: in a password, @ is written %40 and / %2F"
        )


async def _look_first(url: str, options: str, schema: str) -> None:
    try:
        async with await psycopg.AsyncConnection.connect(
            url, options=options, connect_timeout=CONNECT_TIMEOUT_SECONDS
        ) as connection:
            tables = await (await connection.execute(sql("database/select_tables_seen"))).fetchone()
            assert tables is not None
            backend_is_there, has_stamp, has_version = tables
            revision = None
            if has_version:
                versions = await connection.execute("select version_num from alembic_version")
                revision = ((await versions.fetchone()) or [None])[0]
    except (psycopg.OperationalError, errors.InsufficientPrivilege) as error:
        raise DatabaseUnavailable(
            f"The Backend database cannot be reached: {_first_line(error)}. "
            "Is DATABASE_URL right, and is the server up?"
        ) from error
    if not backend_is_there:
        raise SchemaOutdated(
            f"The database has no table {schema}.library. Is WXYC_SCHEMA_NAME right?"
        )
    if revision != HEAD:
        raise SchemaOutdated(
            f"Our tables are at revision {revision or 'none'}, this version needs {HEAD}. "
            "Run `wxyc-assets migrate`."
        )
    if not has_stamp:
        raise SchemaOutdated(
            f"{schema}.library has lost its column unresolved_attempted_at. Its owner can say: "
            f"alter table {schema}.library add column unresolved_attempted_at timestamptz"
        )
