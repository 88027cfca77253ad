"""Discogs behind LML: a rate shared by the workers, their breakers, and a count of requests."""

import asyncio
from bisect import bisect_right
from collections import defaultdict
from typing import Literal

from wxyc_sandbox.lml.breaker import WorkerBreaker
from wxyc_sandbox.lml.calls import LmlCall, now
from wxyc_sandbox.lml.settings import Breaker, LmlSettings

Outcome = Literal["served", "shed", "refused"]


class DiscogsModel:
    """A first-come, first-served queue per worker that rejects no request."""

    def __init__(self, settings: LmlSettings) -> None:
        self.settings = settings
        self.requests = 0
        self.requests_by_minute: defaultdict[int, int] = defaultdict(int)
        self._caused_at: list[float] = []
        """The times of the requests that calls of LML took, in order."""
        self._origin: float | None = None
        self.breakers: list[WorkerBreaker] = []
        self.set_breakers(settings.breaker)
        self._queues = [asyncio.Lock() for _ in range(settings.workers)]
        self._due = [0.0] * settings.workers

    async def request(self, number: int, worker: int, call: LmlCall | None = None) -> Outcome:
        """Send `number` requests through a worker, until one of them is not served.

        Those that go out are counted in `call`.
        The breaker sheds a request without asking Discogs; Discogs refuses one with a 429.
        A cancelled caller leaves the queue, and its unsent requests cost nothing.
        """
        outcome: Outcome = "served"
        for _ in range(number):
            if outcome == "served":
                async with self._queues[worker]:
                    outcome = await self._request(worker, call)
        return outcome

    def spend(self, call: LmlCall) -> None:
        """Count one request that skips the queue, as the health route's does."""
        self.breakers[call.worker].live_requests += 1
        self._send(call.worker, call)

    @property
    def busiest_minute(self) -> int:
        """The most requests that calls of LML took in any 60 seconds."""
        times = self._caused_at
        return max(
            (bisect_right(times, start + 60) - at for at, start in enumerate(times)), default=0
        )

    def breaker(self, worker: int) -> WorkerBreaker:
        """Return the breaker of a worker."""
        for each in self.breakers:
            each.opened_at = now() if each.opened_at is None else each.opened_at
        return self.breakers[worker]

    def set_breakers(self, state: Breaker | None) -> None:
        """Set the breakers of all workers."""
        counts = [each.live_requests for each in self.breakers] or [0] * self.settings.workers
        self.breakers = [WorkerBreaker(state, live_requests=count) for count in counts]

    def restart(self, worker: int) -> None:
        """Give a worker a new process, which has counted nothing and whose breaker is closed."""
        self.breakers[worker] = WorkerBreaker()

    def reset(self) -> None:
        """Set the counts to zero."""
        self.requests = 0
        self.requests_by_minute.clear()
        self._caused_at.clear()
        self._origin = None

    async def _request(self, worker: int, call: LmlCall | None) -> Outcome:
        breaker = self.breaker(worker)
        if not breaker.admits(now(), self.settings.breaker_cooldown_seconds):
            return "shed"
        try:
            await asyncio.sleep(max(0.0, self._earliest(worker) - now()))
        except asyncio.CancelledError:
            breaker.abandoned(now())
            raise
        self._send(worker, call)
        if self.settings.discogs_refuses:
            breaker.failed(now())
            return "refused"
        breaker.succeeded()
        return "served"

    def _send(self, worker: int, call: LmlCall | None) -> None:
        self._due[worker] = max(self._due[worker], now()) + self._interval()
        self._count()
        if call is not None:
            call.api_calls += 1
            self._caused_at.append(now())

    def _earliest(self, worker: int) -> float:
        return self._due[worker] - self._interval() * (self.settings.discogs_burst - 1)

    def _interval(self) -> float:
        rate = self.settings.discogs_per_worker_per_minute
        return 60.0 / rate if rate else 0.0

    def _count(self) -> None:
        if self._origin is None:
            self._origin = now()
        self.requests += 1
        self.requests_by_minute[int((now() - self._origin) // 60)] += 1
