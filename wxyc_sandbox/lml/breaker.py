"""LML's circuit breaker towards Discogs, of which each worker has its own."""

from dataclasses import dataclass

from wxyc_sandbox.lml.settings import Breaker

FAILURES_TO_OPEN = 3


@dataclass(slots=True)
class WorkerBreaker:
    """One worker's breaker: a request that wants Discogs advances it, the clock alone does not.

    `None` is a worker without access to Discogs. A breaker that was set to half-open sheds
    everything: its one trial never ends.
    """

    state: Breaker | None = "closed"
    opened_at: float | None = None
    """None: since the first request of any kind that LML gets."""
    live_requests: int = 0
    """Requests that wanted Discogs, shed ones included."""
    shed: int = 0
    failures: int = 0
    """Refused by Discogs in a row."""

    def admits(self, now: float, cooldown_seconds: float) -> bool:
        """Count a request and return True if it may go to Discogs, if only as the one trial."""
        if self.state is None:
            return False
        self.live_requests += 1
        if self.state == "open" and now - (self.opened_at or 0.0) >= cooldown_seconds:
            self.state = "half-open"
            return True
        self.shed += self.state != "closed"
        return self.state == "closed"

    def succeeded(self) -> None:
        """Close after an answer of Discogs."""
        self.state = "closed"
        self.failures = 0

    def failed(self, now: float) -> None:
        """Open after a failed trial, or after several requests that Discogs refused."""
        self.failures += 1
        if self.failures >= FAILURES_TO_OPEN:
            self.state, self.opened_at = "open", now
        self.abandoned(now)

    def abandoned(self, now: float) -> None:
        """Open again after a trial that came to no end."""
        if self.state == "half-open":
            self.state, self.opened_at = "open", now
