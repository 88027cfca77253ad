"""Probes of LML's health: an empty answer counts only between two probes of a closed breaker."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.adapters.lml.health import Health

Callback = Callable[[bool], None]


class HealthSource(Protocol):
    """LML, or a watch over its circuit breaker."""

    async def health(self) -> Health: ...


@dataclass(frozen=True, slots=True)
class _PendingAnswer:
    """An empty answer between the probes of these numbers."""

    before: int
    after: int
    callback: Callback


class HealthProbes:
    """LML's health, asked at most every `interval` seconds, and only when it is needed.

    Probes are numbered from 1; `run` makes them, one after the other.
    """

    def __init__(self, lml: HealthSource, *, interval: float) -> None:
        self._lml = lml
        self._interval = interval
        self._found_closed: list[bool] = []
        self._begun = 0
        self._pending: list[_PendingAnswer] = []
        self._wanted = asyncio.Event()
        self._first = asyncio.Event()
        self._is_over = False

    async def latest(self) -> int:
        """Return the number of the latest probe, after the first one is made."""
        if not self._found_closed:
            self._wanted.set()
            await self._first.wait()
        elif not self._found_closed[-1]:
            self._wanted.set()  # until the breaker is closed again, nothing empty can count
        return len(self._found_closed)

    def verify(self, before: int, callback: Callback) -> None:
        """Call back, at once or after the next probe, with whether an empty answer counts.

        `before` is the number of the probe before the question.
        """
        if self._is_over or not all(self._found_closed[before - 1 :]):
            callback(False)
            return
        self._pending.append(_PendingAnswer(before, self._begun + 1, callback))
        self._wanted.set()

    def verify_stored(self, callback: Callback) -> None:
        """Call back as `verify` does, about an answer that an earlier run stored.

        That run had found the breaker closed before it asked.
        """
        self.verify(self._begun + 1, callback)

    def give_up(self) -> None:
        """Make no further probe; the answers that wait for one do not count."""
        self._is_over = True
        self._first.set()
        pending, self._pending = self._pending, []
        for answer in pending:
            answer.callback(False)

    async def run(self) -> None:
        """Probe whenever it is needed, until cancelled."""
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
        pending, self._pending = self._pending, []
        for answer in pending:
            closed = all(self._found_closed[answer.before - 1 : answer.after])
            if answer.after <= made or not closed:
                answer.callback(closed)
            else:
                self._pending.append(answer)
                self._wanted.set()
