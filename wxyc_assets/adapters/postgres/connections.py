"""Connections to the Backend database: a pool, sessions of their own, and the check of the URL."""

import asyncio

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from wxyc_assets.adapters.lml.wire import load
from wxyc_assets.adapters.postgres.errors import DatabaseUnavailable, connecting

Connection = psycopg.AsyncConnection[DictRow]

APPLICATION_NAME = "wxyc_assets"
CONNECT_TIMEOUT_SECONDS = 10
CONNECTION_WAIT_SECONDS = 30.0
"""The longest wait of a transaction for a connection of the pool."""
PREPARE_THRESHOLD = None
"""Statements are never prepared: after a few executions each batch would get a plan for ten rows.

Forbidding such plans instead (`plan_cache_mode`) would forbid them to foreign keys and triggers as
well, which would then be planned again for each row.
"""
NOTICE_A_DEAD_PEER = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
)
"""For a session that holds locks: the server drops it 25 s after its machine has vanished."""


class Pool(AsyncConnectionPool[Connection]):
    """A pool that says why it has no connection to give, which its own timeout hides.

    A waiting task that is cancelled while it is handed a connection stays cancelled: the pool uses
    asyncio.wait_for, which before Python 3.12 loses such a cancellation (python/cpython#86296).
    """

    def __init__(
        self, url: str, options: str, *, max_connections: int, wait_seconds: float
    ) -> None:
        super().__init__(
            url,
            connection_class=psycopg.AsyncConnection[DictRow],
            kwargs={
                "options": options,
                "row_factory": dict_row,
                "application_name": APPLICATION_NAME,
                "connect_timeout": CONNECT_TIMEOUT_SECONDS,
                "prepare_threshold": PREPARE_THRESHOLD,
                "autocommit": True,
            },
            configure=_configure,
            min_size=1,
            max_size=max_connections,
            timeout=wait_seconds,
            open=False,
        )
        self._url = url
        self._options = options

    async def getconn(self, timeout: float | None = None) -> Connection:
        task = asyncio.current_task()
        cancellations = task.cancelling() if task else 0
        try:
            connection = await super().getconn(timeout)
        except PoolTimeout as exhausted:
            async with connecting():
                connection = await connect_alone(self._url, self._options)
            await connection.close()
            raise DatabaseUnavailable(
                f"All {self.max_size} connections of this process are busy: {exhausted}"
            ) from exhausted
        if task and task.cancelling() > cancellations:
            await self.putconn(connection)
            raise asyncio.CancelledError
        return connection


async def _configure(connection: Connection) -> None:
    set_json_loads(load, connection)


async def connect_alone(url: str, options: str) -> Connection:
    """Return a connection outside the pool, in autocommit."""
    return await Connection.connect(
        url,
        options=f"{options} {NOTICE_A_DEAD_PEER}",
        row_factory=dict_row,
        application_name=APPLICATION_NAME,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        prepare_threshold=PREPARE_THRESHOLD,
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
