"""The shared budget in Postgres: advisory locks on a connection of their own, and one row.

A lock lives as long as its connection, so a process that dies gives its slots back. The connection
must be a session of its own: a pooler in transaction mode would hand the locks to somebody else.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, LiteralString

from psycopg.rows import DictRow

from wxyc_assets.adapters.postgres.connections import Connection
from wxyc_assets.adapters.postgres.database import Database, sql
from wxyc_assets.adapters.postgres.errors import DatabaseUnavailable, translated
from wxyc_assets.domain.contention import Contention

BUDGET_LOCKS = 0x77786C6D  # "wxlm": the first key of the locks; the second is a slot, or 0: waiting
ANSWER_TIMEOUT_SECONDS = 10.0


class PostgresBudget:
    """A `BudgetBackend` for all processes over one database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._held: list[int] = []
        self._is_waiting = False

    async def take(self, wanted: int, *, slots: int) -> int:
        rows = await self._fetch("budget/take_slots", wanted=wanted, slots=slots, held=self._held)
        self._held += [row["slot"] for row in rows]
        return len(rows)

    async def keep(self, count: int) -> None:
        self._held, given = self._held[:count], self._held[count:]
        if given:
            await self._fetch("budget/give_slots", given=given)

    async def set_waiting(self, waiting: bool) -> None:
        if waiting != self._is_waiting:
            await self._fetch("budget/set_waiting", waiting=waiting)
            self._is_waiting = waiting

    async def contention(self) -> Contention:
        (row,) = await self._fetch("budget/select_contention")
        return Contention(**row)

    async def draw(self, tokens: float, *, per_second: float) -> float:
        (row,) = await self._fetch("budget/draw_tokens", tokens=tokens, per_second=per_second)
        return row["wait_seconds"]

    async def _fetch(self, name: LiteralString, **parameters: Any) -> list[DictRow]:
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
async def open_postgres_budget(database: Database) -> AsyncGenerator[PostgresBudget]:
    """Open the budget of `database` over a connection of its own."""
    async with database.session() as connection:
        yield PostgresBudget(connection)
