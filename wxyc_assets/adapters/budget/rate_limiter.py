"""Reservations of Discogs requests, for the calls of this process."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from wxyc_assets.adapters.budget.backend import BudgetBackend
from wxyc_assets.adapters.postgres.errors import DatabaseError
from wxyc_assets.domain.prices import Price

POLL_SECONDS = 0.5
REUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Reservation:
    """A reservation that is due, since a time on the loop's clock."""

    number: int
    price: Price
    due_at: float


class RateLimiter:
    """At most `per_minute` Discogs requests in any minute over all processes; 0 = no limit.

    `run` must run beside the calls.
    """

    def __init__(self, backend: BudgetBackend, per_minute: float) -> None:
        self._backend = backend
        self._per_minute = per_minute
        self._unspent: list[Reservation] = []

    async def reserve(self, price: Price | None) -> Reservation | None:
        """Wait until a call may be made; None for one that needs no reservation."""
        if price is None or not self._per_minute:
            return None
        for each in self._unspent:
            if each.price == price and _is_fresh(each):
                self._unspent.remove(each)
                return each
        while (due := await self._queue(price)) is None:
            pass  # it expired, unasked for too long: to the end of the queue
        return due

    async def settle(self, reservation: Reservation | None, cost: float | None) -> None:
        """End a call that has cost so much; None if nobody knows, and the estimate stands."""
        if reservation is None:
            return
        if cost == 0 and _is_fresh(reservation):
            self._unspent.append(reservation)
        else:
            await self._settle(reservation.number, reservation.price, cost)

    async def run(self) -> None:
        """Give back what was not used for a while, until cancelled."""
        while True:
            await asyncio.sleep(REUSE_SECONDS)
            await self.give_back([each for each in self._unspent if not _is_fresh(each)])

    async def give_back(self, unspent: list[Reservation] | None = None) -> None:
        """Return unspent reservations, by default all of them, to the other processes."""
        for each in self._unspent[:] if unspent is None else unspent:
            self._unspent.remove(each)
            await self._settle(each.number, each.price, 0)

    async def _queue(self, price: Price) -> Reservation | None:
        """Reserve, and wait until that is due; None if it has expired."""
        number = await self._backend.reserve(price, per_minute=self._per_minute)
        try:
            while (is_due := await self._is_due(number, price)) is False:
                await asyncio.sleep(POLL_SECONDS)
        except asyncio.CancelledError:
            with suppress(DatabaseError):
                await self._settle(number, price, 0)
            raise
        return Reservation(number, price, _now()) if is_due else None

    async def _is_due(self, number: int, price: Price) -> bool | None:
        return await self._backend.is_due(number, price, per_minute=self._per_minute)

    async def _settle(self, number: int, price: Price, cost: float | None) -> None:
        await self._backend.settle(number, price, cost, per_minute=self._per_minute)


def _is_fresh(reservation: Reservation) -> bool:
    return _now() - reservation.due_at < REUSE_SECONDS


def _now() -> float:
    return asyncio.get_running_loop().time()
