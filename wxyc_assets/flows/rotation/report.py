"""The report of a refresh of LML's cache."""

from collections import Counter
from dataclasses import dataclass, field

from wxyc_assets.adapters.lml.errors import LmlError, why_stopped
from wxyc_assets.domain.refreshes import Refreshed, RefreshTally, tally


@dataclass(slots=True)
class RotationReport:
    """The results of a refresh by identity, complete at any moment."""

    results: dict[int, Refreshed] = field(default_factory=dict[int, Refreshed])
    failed: dict[int, LmlError] = field(default_factory=dict[int, LmlError])
    """Identities whose last call failed, and why."""
    drift: Counter[str] = field(default_factory=Counter[str])
    latencies_ms: list[float] = field(default_factory=list[float])
    batches: int = 0
    calls: int = 0
    stopped: LmlError | None = None

    @property
    def tally(self) -> RefreshTally:
        return tally(self.results, self.failed)

    @property
    def failure(self) -> str | None:
        """The reason of a failure: calls that failed for good, and their number of identities."""
        if not self.failed:
            return None
        count = f"{len(self.failed)} identities are not refreshed"
        if self.stopped:
            return f"{count}. {why_stopped(self.stopped)}"
        why = next(reversed(self.failed.values()))
        return f"Some calls failed for good; {count}: {why}"
