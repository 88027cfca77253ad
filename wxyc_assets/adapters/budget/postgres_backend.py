"""The shared budget in Postgres: advisory locks on a connection of their own, and three tables.

A lock lives as long as its connection, so a process that dies gives its slots back. The connection
must be a session of its own: a pooler in transaction mode would hand the locks to somebody else.
"""

import asyncio
from dataclasses import asdict
from typing import Any, LiteralString

from psycopg.rows import DictRow

from wxyc_assets.adapters.postgres.connections import Connection
from wxyc_assets.adapters.postgres.database import sql
from wxyc_assets.adapters.postgres.errors import translated
from wxyc_assets.domain.contention import Contention
from wxyc_assets.domain.prices import Price

BUDGET_LOCKS = 0x77786C6D  # "wxlm": the first key of the locks; the second is a slot, or 0: waiting
ANSWER_TIMEOUT_SECONDS = 10.0


class PostgresBudget:
    """A `BudgetBackend` for all processes over one database, on a session of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._held: list[int] = []
        self._is_waiting = False

    async def hold(self, count: int, *, slots: int) -> int:
        self._held, surplus = self._held[:count], self._held[count:]
        if surplus:
            await self._fetch("budget/give_slots", given=surplus)
        if wanted := count - len(self._held):
            free = {"wanted": wanted, "slots": slots, "held": self._held}
            self._held += [each["slot"] for each in await self._fetch("budget/take_slots", **free)]
        return len(self._held)

    async def set_waiting(self, waiting: bool) -> None:
        if waiting != self._is_waiting:
            await self._fetch("budget/set_waiting", waiting=waiting)
            self._is_waiting = waiting

    async def look(self) -> Contention:
        (row,) = await self._fetch("budget/select_contention")
        return Contention(**row)

    async def claim_trial(self, seconds: float) -> bool:
        return bool(await self._fetch("budget/claim_trial", seconds=seconds))

    async def reserve(self, price: Price, *, per_minute: float) -> int:
        (row,) = await self._fetch("budget/reserve", **asdict(price), per_minute=per_minute)
        return row["number"]

    async def is_due(self, number: int, price: Price, *, per_minute: float) -> bool | None:
        rows = await self._fetch(
            "budget/is_due", number=number, seconds=price.seconds, per_minute=per_minute
        )
        return rows[0]["is_due"] if rows else None

    async def settle(
        self, number: int, price: Price, cost: float | None, *, per_minute: float
    ) -> None:
        bill = {"number": number, "cost": cost, "per_minute": per_minute}
        await self._fetch("budget/settle", **asdict(price), **bill)

    async def _fetch(self, name: LiteralString, **parameters: Any) -> list[DictRow]:
        async with translated(), asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
            rows = await self._connection.execute(sql(name), {"budget": BUDGET_LOCKS, **parameters})
            return await rows.fetchall() if rows.description else []
