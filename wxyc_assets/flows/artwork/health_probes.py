"""Whether an empty answer is a no: LML's breaker must have been closed before and after it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.adapters.lml.health import Health

Verdict = Callable[[bool], None]


class HealthSource(Protocol):
    """Whoever can say how LML is."""

    async def health(self) -> Health: ...


@dataclass(frozen=True, slots=True)
class _PendingAnswer:
    """An empty answer between the probes of these numbers."""

    before: int
    after: int
    tell: Verdict


class HealthProbes:
    """LML's health, asked at most every `interval` seconds, and only while somebody must know.

    Probes are numbered from 1; `run` makes them, one after the other.
    """

    def __init__(self, lml: HealthSource, *, interval: float) -> None:
        self._lml = lml
        self._interval = interval
        self._found_closed: list[bool] = []
        self._begun = 0
        self._doubts: list[_PendingAnswer] = []
        self._wanted = asyncio.Event()
        self._first = asyncio.Event()
        self._is_over = False

    async def latest(self) -> int:
        """The number of the probe before a question that is asked now; the first waits for one."""
        if not self._found_closed:
            self._wanted.set()
            await self._first.wait()
        elif not self._found_closed[-1]:
            self._wanted.set()  # until LML is well again, nothing empty can count
        return len(self._found_closed)

    def judge(self, before: int, tell: Verdict) -> None:
        """Tells, at once or after the next probe, whether an answer that just came may be empty."""
        if self._is_over or not all(self._found_closed[before - 1 :]):
            tell(False)
            return
        self._doubts.append(_PendingAnswer(before, self._begun + 1, tell))
        self._wanted.set()

    def give_up(self) -> None:
        """Waits for nothing any more: what is in doubt stays unknown."""
        self._is_over = True
        self._first.set()
        doubts, self._doubts = self._doubts, []
        for doubt in doubts:
            doubt.tell(False)

    async def run(self) -> None:
        """Probes while somebody must know, until it is cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self._probe()
            self._settle()
            self._first.set()
            await asyncio.sleep(self._interval)

    async def _probe(self) -> None:
        self._begun += 1
        try:
            health = await self._lml.health()
        except LmlError:
            self._found_closed.append(False)
        else:
            self._found_closed.append(health.is_breaker_closed)

    def _settle(self) -> None:
        made = len(self._found_closed)
        doubts, self._doubts = self._doubts, []
        for doubt in doubts:
            closed = all(self._found_closed[doubt.before - 1 : doubt.after])
            if doubt.after <= made or not closed:
                doubt.tell(closed)
            else:
                self._doubts.append(doubt)
                self._wanted.set()
