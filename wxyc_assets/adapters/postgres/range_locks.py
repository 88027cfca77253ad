"""Ranges that one run holds, so that no other run asks about the same rows meanwhile."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from wxyc_assets.adapters.postgres.database import Connection, Database, sql, translated
from wxyc_assets.domain.ranges import IdRange

ARTWORK_LOCKS = 0x77786177  # "wxaw": the first key of the advisory locks on ranges


class RangeLocks:
    """Any number of locks on one connection; they are given back when its process dies.

    Take them in id order, so that two runs cannot wait for each other.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def take(self, id_range: IdRange) -> None:
        """Waits while another run holds the range; raises DatabaseUnavailable."""
        await self._execute("locks/take_range_lock", id_range)

    async def give(self, id_range: IdRange) -> None:
        await self._execute("locks/give_range_lock", id_range)

    async def _execute(self, name: str, id_range: IdRange) -> None:
        async with translated():
            await self._connection.execute(
                sql(name), {"family": ARTWORK_LOCKS, "first": id_range.first}
            )


@asynccontextmanager
async def open_locks(database: Database) -> AsyncGenerator[RangeLocks]:
    """Locks on a connection of their own; whatever is held at the end is given back."""
    async with database.session() as connection:
        yield RangeLocks(connection)
