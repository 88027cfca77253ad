"""What the pretend LML was asked, and what it gave: the witness of every claim about a client."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable
from contextlib import contextmanager

from wxyc_sandbox.lml.calls import Call
from wxyc_sandbox.lml.discogs import DiscogsModel
from wxyc_sandbox.lml.wire import Json


class Counters:
    """Routes are `resolve`, `lookup`, `lookup_bulk`, `refresh`, `health`, `openapi`."""

    def __init__(self, discogs: DiscogsModel) -> None:
        self._discogs = discogs
        self._loop: asyncio.AbstractEventLoop | None = None
        self.in_flight = 0
        self._busy_since = 0.0
        self.reset()

    def reset(self) -> None:
        """Start anew; what is in flight stays in flight."""
        self._discogs.reset()
        self.calls: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()
        """Asked for: library rows, shelved rows of lookups, or identities."""
        self.statuses: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.answered: dict[int, int] = {}
        """By library_id: in how many answers of bulk-resolve it came back."""
        self.refreshed: dict[int, int] = {}
        """By identity id: in how many answers of refresh it came back."""
        self.service_seconds: defaultdict[str, float] = defaultdict(float)
        """By route: the sum over its calls of LML's own time, queueing for admission left out."""
        self.most_in_flight = self.in_flight
        self._busy_seconds = 0.0
        self._busy_since = self._now()

    @property
    def busy_seconds(self) -> float:
        """Time with at least one call in flight."""
        return self._busy_seconds + (self._now() - self._busy_since if self.in_flight else 0.0)

    @property
    def answered_more_than_once(self) -> int:
        """Number of library ids that were."""
        return sum(times > 1 for times in self.answered.values())

    @contextmanager
    def flight(self) -> Generator[None]:
        self._loop = asyncio.get_running_loop()
        if not self.in_flight:
            self._busy_since = self._now()
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            yield
        finally:
            self.in_flight -= 1
            if not self.in_flight:
                self._busy_seconds += self._now() - self._busy_since

    def _now(self) -> float:
        """On LML's loop, though other threads may ask."""
        return self._loop.time() if self._loop else 0.0

    def ask(self, call: Call, rows: int) -> None:
        self.calls[call.route] += 1
        self.rows[call.route] += rows

    def finish(self, call: Call, status: int) -> None:
        self.statuses[call.route][status] += 1
        self.service_seconds[call.route] += call.service_seconds

    def deliver(self, call: Call, ids: Iterable[int]) -> None:
        """The distinct ids, among those asked, that one answer gave back."""
        given = self.refreshed if call.route == "refresh" else self.answered
        for row in ids:
            given[row] = given.get(row, 0) + 1

    def as_json(self) -> Json:
        return {
            "calls": self.calls,
            "rows": self.rows,
            "statuses": self.statuses,
            "most_in_flight": self.most_in_flight,
            "answered": len(self.answered),
            "answered_more_than_once": self.answered_more_than_once,
            "most_answers_of_a_row": max(self.answered.values(), default=0),
            "refreshed": len(self.refreshed),
            "service_seconds": self.service_seconds,
            "busy_seconds": self.busy_seconds,
            "discogs_requests": self._discogs.requests,
            "discogs_requests_by_minute": self._discogs.requests_by_minute,
        }
