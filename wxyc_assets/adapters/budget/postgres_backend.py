"""The shared budget in Postgres: advisory locks on a connection of their own, and one row.

A lock lives as long as its connection, so a process that dies gives its slots back. The connection
must be a session of its own: a pooler in transaction mode would hand the locks to somebody else.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from typing import LiteralString

from psycopg.rows import DictRow

from wxyc_assets.adapters.postgres.database import (
    Connection,
    Database,
    DatabaseUnavailable,
    Parameters,
    sql,
    translated,
)
from wxyc_assets.domain.contention import Company

BUDGET_LOCKS = 0x77786C6D  # "wxlm": the first key of the advisory locks on slots
ANSWER_TIMEOUT_SECONDS = 10.0


class PostgresLedger:
    """Slots and tokens as all processes over one database see them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def take(self, held: Collection[int], wanted: int, slots: int) -> list[int]:
        rows = await self._fetch(
            "budget/take_slots", {"held": list(held), "wanted": wanted, "slots": slots}
        )
        return [row["slot"] for row in rows]

    async def give(self, slots: Collection[int]) -> None:
        await self._fetch("budget/give_slots", {"given": list(slots)})

    async def want(self, more: bool) -> None:
        await self._fetch(
            "budget/begin_waiting_for_slots" if more else "budget/end_waiting_for_slots", {}
        )

    async def company(self, slots: int) -> Company:
        (row,) = await self._fetch("budget/select_company", {"slots": slots})
        return Company(**row)

    async def draw(self, tokens: float, *, per_second: float) -> float:
        (row,) = await self._fetch(
            "budget/draw_tokens", {"tokens": tokens, "per_second": per_second}
        )
        return row["wait_seconds"]

    async def _fetch(self, name: LiteralString, parameters: Parameters) -> list[DictRow]:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS), translated():
                cursor = await self._connection.execute(
                    sql(name), {"budget": BUDGET_LOCKS, **parameters}
                )
                return await cursor.fetchall()
        except TimeoutError:
            raise DatabaseUnavailable(
                f"The database did not answer within {ANSWER_TIMEOUT_SECONDS:g} s"
            ) from None


@asynccontextmanager
async def open_ledger(database: Database) -> AsyncGenerator[PostgresLedger]:
    """The budget of this database, over a connection of its own."""
    async with database.session() as connection:
        yield PostgresLedger(connection)
