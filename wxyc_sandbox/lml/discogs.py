"""Discogs behind LML: a rate shared by the workers, and a count of requests."""

import asyncio
from collections import defaultdict

from wxyc_sandbox.lml.calls import now
from wxyc_sandbox.lml.settings import LmlSettings


class DiscogsModel:
    """A first-come, first-served queue per worker that rejects no request."""

    def __init__(self, settings: LmlSettings) -> None:
        self.settings = settings
        self.requests = 0
        self.requests_by_minute: defaultdict[int, int] = defaultdict(int)
        self._origin: float | None = None
        self._queues = [asyncio.Lock() for _ in range(settings.workers)]
        self._due = [0.0] * settings.workers

    async def request(self, number: int, worker: int) -> None:
        """Send `number` requests through a worker; return when all have been served.

        A cancelled caller leaves the queue, and its unsent requests cost nothing.
        """
        for _ in range(number):
            async with self._queues[worker]:
                await asyncio.sleep(max(0.0, self._earliest(worker) - now()))
                self.spend(worker)

    def spend(self, worker: int) -> None:
        """Count one request that skips the queue, as the health route's does."""
        self._due[worker] = max(self._due[worker], now()) + self._interval()
        self._count()

    def reset(self) -> None:
        """Set the counts to zero."""
        self.requests = 0
        self.requests_by_minute.clear()
        self._origin = None

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
