"""Advisory locks on ranges, so that no two runs of one pipeline work on the same records."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from enum import IntEnum

from wxyc_assets.adapters.postgres.connections import Connection
from wxyc_assets.adapters.postgres.database import Database, Transaction, sql
from wxyc_assets.adapters.postgres.errors import translated
from wxyc_assets.domain.ranges import IdRange


class LockFamily(IntEnum):
    """The first key of a pipeline's locks; the second is the first id of the range."""

    IDENTITY = 0x77787963  # "wxyc"
    ARTWORK = 0x77786177  # "wxaw"


VERDICTS_LOCK = 0x7778766572  # "wxver"
"""Held by the intake of verdicts, and shared by everything that writes identities and covers."""


class RangeLocks:
    """Any number of range locks in one session, which releases them when its process dies.

    Take them in id order, so that two runs cannot wait for each other.
    """

    def __init__(self, connection: Connection, family: LockFamily) -> None:
        self._connection = connection
        self._family = family

    async def take(self, id_range: IdRange) -> None:
        """Take the lock on a range, after any other holder; raises DatabaseUnavailable."""
        await self._execute("locks/take_range_lock", id_range)

    async def release(self, id_range: IdRange) -> None:
        """Release the lock on a range; waits while another one is being taken."""
        await self._execute("locks/release_range_lock", id_range)

    async def _execute(self, name: str, id_range: IdRange) -> None:
        async with translated():
            await self._connection.execute(sql(name), _keys(self._family, id_range))


@asynccontextmanager
async def open_range_locks(database: Database, family: LockFamily) -> AsyncGenerator[RangeLocks]:
    """Locks in a session of their own; any that are held at the end are released."""
    async with database.session() as connection:
        yield RangeLocks(connection, family)


async def lock_in_transaction(
    transaction: Transaction, family: LockFamily, id_range: IdRange
) -> None:
    """Take the lock on a range until the transaction ends."""
    await transaction.execute("locks/take_range_lock_in_transaction", _keys(family, id_range))


async def share_verdicts(transaction: Transaction) -> None:
    """Keep verdicts from being taken in until the transaction ends."""
    await transaction.execute("locks/share_verdicts", {"lock": VERDICTS_LOCK})


async def hold_verdicts(transaction: Transaction) -> None:
    """Wait for writers of identities and covers, and keep them out until the transaction ends."""
    await transaction.execute("locks/hold_verdicts", {"lock": VERDICTS_LOCK})


def _keys(family: LockFamily, id_range: IdRange) -> dict[str, int]:
    return {"family": family.value, "first": id_range.first}
