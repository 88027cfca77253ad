"""The shared budget in memory, on the loop's clock: for rehearsals in virtual time."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field

from wxyc_assets.domain.contention import Company


@dataclass(slots=True)
class Bank:
    """What all processes see."""

    holders: dict[int, "BankLedger"] = field(default_factory=dict[int, "BankLedger"])
    waiting: list["BankLedger"] = field(default_factory=list["BankLedger"])
    """The one that waits longest is the first."""
    debt: float = 0.0
    settled_at: float = 0.0


class BankLedger:
    """One process's way to the bank."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank

    async def take(self, held: Collection[int], wanted: int, slots: int) -> list[int]:
        free = [slot for slot in range(slots, 0, -1) if slot not in self._bank.holders]
        taken = free[:wanted]
        self._bank.holders.update(dict.fromkeys(taken, self))
        return taken

    async def give(self, slots: Collection[int]) -> None:
        for slot in slots:
            del self._bank.holders[slot]

    async def want(self, more: bool) -> None:
        if more:
            self._bank.waiting.append(self)
        else:
            self._bank.waiting.remove(self)

    async def company(self, slots: int) -> Company:
        waiting = self._bank.waiting
        return Company(
            present=len({self, *self._bank.holders.values(), *waiting}),
            others_wait=any(each is not self for each in waiting),
            waiting_longer=waiting.index(self) if self in waiting else len(waiting),
            free=sum(slot not in self._bank.holders for slot in range(1, slots + 1)),
        )

    async def draw(self, tokens: float, *, per_second: float) -> float:
        now = asyncio.get_running_loop().time()
        drained = self._bank.debt - (now - self._bank.settled_at) * per_second
        self._bank.debt = max(drained, 0.0) + tokens
        self._bank.settled_at = now
        return max(self._bank.debt - tokens, 0.0) / per_second
