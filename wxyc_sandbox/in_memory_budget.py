"""The shared budget in memory, on the loop's clock: for rehearsals in virtual time."""

import asyncio
from dataclasses import dataclass, field

from wxyc_assets.domain.contention import Contention


@dataclass(slots=True)
class BudgetState:
    """The state that all processes see."""

    held: dict["InMemoryBudget", int] = field(default_factory=dict["InMemoryBudget", int])
    waiting: set["InMemoryBudget"] = field(default_factory=set["InMemoryBudget"])
    debt: float = 0.0
    settled_at: float = 0.0
    trial_at: float = float("-inf")


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

    async def draw(self, tokens: float, *, per_second: float) -> float:
        now = asyncio.get_running_loop().time()
        drained = self._state.debt - (now - self._state.settled_at) * per_second
        self._state.debt = max(drained, 0.0) + tokens
        self._state.settled_at = now
        return max(self._state.debt - tokens, 0.0) / per_second
