"""The shared budget in memory, on the loop's clock: for rehearsals in virtual time."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from math import ceil

from wxyc_assets.domain.contention import Contention
from wxyc_assets.domain.prices import Price

QUANTILE = 0.95
WAITING_SECONDS = 10


@dataclass(slots=True)
class BudgetState:
    """The state that all processes see."""

    held: dict["InMemoryBudget", int] = field(default_factory=dict["InMemoryBudget", int])
    waiting: set["InMemoryBudget"] = field(default_factory=set["InMemoryBudget"])
    spending: dict[int, "Spending"] = field(default_factory=dict[int, "Spending"])
    prices: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    """What the last calls of a kind have cost, a unit each."""
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    trial_at: float = float("-inf")


@dataclass(slots=True)
class Spending:
    """Discogs requests reserved or spent; they count until they expire."""

    requests: float
    expires_at: float


class InMemoryBudget:
    """A `BudgetBackend` for the processes that share `state`."""

    def __init__(self, state: BudgetState | None = None) -> None:
        self._state = state or BudgetState()

    async def hold(self, count: int, *, slots: int) -> int:
        held = self._state.held
        free = slots - sum(held.values())
        held[self] = min(count, held.get(self, 0) + free)
        return held[self]

    async def set_waiting(self, waiting: bool) -> None:
        (self._state.waiting.add if waiting else self._state.waiting.discard)(self)

    async def look(self) -> Contention:
        held, waiting = self._state.held, self._state.waiting
        held.setdefault(self, 0)
        there = [each for each in held if each is self or held[each] or each in waiting]
        return Contention(
            processes=len(there),
            rank=there.index(self),
            others_wait=bool(waiting - {self}),
            clock=asyncio.get_running_loop().time(),
        )

    async def claim_trial(self, seconds: float) -> bool:
        now = asyncio.get_running_loop().time()
        is_free = now - self._state.trial_at >= seconds
        self._state.trial_at = now if is_free else self._state.trial_at
        return is_free

    async def reserve(self, price: Price, *, per_minute: float) -> int:
        number = next(self._state.numbers)
        recent = sorted(self._state.prices.get(price.kind, [price.guess]))
        estimate = price.units * recent[ceil(QUANTILE * len(recent)) - 1]
        self._state.spending[number] = Spending(min(estimate, per_minute), _now() + WAITING_SECONDS)
        return number

    async def is_due(self, number: int, price: Price, *, per_minute: float) -> bool | None:
        spending, now = self._state.spending, _now()
        for each in [each for each, spent in spending.items() if spent.expires_at <= now]:
            del spending[each]
        if number not in spending:
            return None
        total = sum(each.requests for at, each in spending.items() if at <= number)
        spending[number].expires_at = now + (
            price.seconds + 60 if total <= per_minute else WAITING_SECONDS
        )
        return total <= per_minute

    async def settle(
        self, number: int, price: Price, cost: float | None, *, per_minute: float
    ) -> None:
        spending = self._state.spending.get(number)
        if spending is not None:
            spending.requests = spending.requests if cost is None else cost
            minutes = max(1, spending.requests / per_minute) if spending.requests else 0
            spending.expires_at = _now() + 60 * minutes
        if cost:
            recent = self._state.prices.setdefault(price.kind, [price.guess] * 20)
            self._state.prices[price.kind] = [cost / price.units, *recent][:100]


def _now() -> float:
    return asyncio.get_running_loop().time()
