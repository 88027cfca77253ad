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


class InMemoryBudget:
    """A `BudgetBackend` for the processes that share `state`."""

    def __init__(self, state: BudgetState | None = None) -> None:
        self._state = state or BudgetState()

    async def take(self, wanted: int, *, slots: int) -> int:
        held = self._state.held
        taken = min(wanted, slots - sum(held.values()))
        held[self] = held.get(self, 0) + taken
        return taken

    async def keep(self, count: int) -> None:
        self._state.held[self] = count

    async def set_waiting(self, waiting: bool) -> None:
        (self._state.waiting.add if waiting else self._state.waiting.discard)(self)

    async def contention(self) -> Contention:
        waiting = self._state.waiting
        holding = {process for process, count in self._state.held.items() if count}
        return Contention(len({self} | holding | waiting), others_wait=bool(waiting - {self}))

    async def draw(self, tokens: float, *, per_second: float) -> float:
        now = asyncio.get_running_loop().time()
        drained = self._state.debt - (now - self._state.settled_at) * per_second
        self._state.debt = max(drained, 0.0) + tokens
        self._state.settled_at = now
        return max(self._state.debt - tokens, 0.0) / per_second
