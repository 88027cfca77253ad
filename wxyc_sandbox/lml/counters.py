"""Counts of the pretend LML's requests and answers, on which tests of clients rely."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable
from contextlib import contextmanager

from wxyc_sandbox.lml.calls import LmlCall
from wxyc_sandbox.lml.discogs import DiscogsModel
from wxyc_sandbox.lml.wire import Json


class Counters:
    """Counts by route: `resolve`, `lookup`, `lookup_bulk`, `refresh`, `health`, `openapi`."""

    def __init__(self, discogs: DiscogsModel) -> None:
        self._discogs = discogs
        self._loop: asyncio.AbstractEventLoop | None = None
        self.in_flight = 0
        self._busy_since = 0.0
        self.reset()

    def reset(self) -> None:
        """Set all counts to zero; calls in flight remain in flight."""
        self._discogs.reset()
        self.calls: Counter[str] = Counter()
        self.callers: Counter[str] = Counter()
        """Number of calls by `X-Caller-Reason`, probes and health checks included."""
        self.rows: Counter[str] = Counter()
        """Requested rows: library rows, catalogue entries of lookups, or identities."""
        self.statuses: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.answered: dict[int, int] = {}
        """Number of bulk-resolve answers with this library_id."""
        self.refreshed: dict[int, int] = {}
        """Number of refresh answers with this identity id."""
        self.service_seconds: defaultdict[str, float] = defaultdict(float)
        """Total processing time by route, without the wait for admission."""
        self.most_in_flight = self.in_flight
        self._busy_seconds = 0.0
        self._busy_since = self._now()

    @property
    def busy_seconds(self) -> float:
        """Total time with at least one call in flight."""
        return self._busy_seconds + (self._now() - self._busy_since if self.in_flight else 0.0)

    @property
    def answered_more_than_once(self) -> int:
        """Number of library ids in more than one answer."""
        return sum(times > 1 for times in self.answered.values())

    @contextmanager
    def track_in_flight(self) -> Generator[None]:
        """Count a call as in flight during the block."""
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
        """Return the time of LML's loop; may be called from other threads."""
        return self._loop.time() if self._loop else 0.0

    def count_caller(self, call: LmlCall) -> None:
        """Count a call for the job that it names, or for `none`."""
        self.callers[call.request.header(b"x-caller-reason") or "none"] += 1

    def count_request(self, call: LmlCall, rows: int) -> None:
        """Count a call and the rows it asks for."""
        self.calls[call.route] += 1
        self.rows[call.route] += rows

    def count_response(self, call: LmlCall, status: int) -> None:
        """Count a status and the service time of its call."""
        self.statuses[call.route][status] += 1
        self.service_seconds[call.route] += call.service_seconds

    def count_answered(self, call: LmlCall, ids: Iterable[int]) -> None:
        """Count the distinct requested ids that one answer contains."""
        counts = self.refreshed if call.route == "refresh" else self.answered
        for row in ids:
            counts[row] = counts.get(row, 0) + 1

    def as_json(self) -> Json:
        """Return all counts, those by row summarised."""
        return {
            "calls": self.calls,
            "callers": self.callers,
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
            "discogs_busiest_minute": self._discogs.busiest_minute,
            "discogs_requests_by_minute": self._discogs.requests_by_minute,
        }
