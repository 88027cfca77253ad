"""Results of a cache refresh, and their public counters."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from wxyc_assets.domain.counters import MiscountedRows

MAX_BATCH = 50
"""Identities per call. LML's hard cap: about 200 Discogs requests at 50 per minute take just less
than the five minutes after which the edge in front of LML closes a request (LML's contract)."""

REQUESTS_PER_IDENTITY = 6
"""Discogs requests of one cold identity: a release and about three artists, often more."""


class RefreshStatus(StrEnum):
    """The status of one refreshed identity; `DRIFT` is what LML's contract does not know."""

    WARMED = "warmed"
    NOT_FOUND = "not_found"
    NOT_IMPLEMENTED = "not_implemented"
    ERROR = "error"
    DRIFT = "drift"


FAILED = frozenset({RefreshStatus.ERROR, RefreshStatus.DRIFT})


@dataclass(frozen=True, slots=True)
class Refreshed:
    """LML's result for one identity; `said` is a status that the contract does not know."""

    status: RefreshStatus
    warmed_releases: int = 0
    warmed_artists: int = 0
    said: str = ""
    requests: int = 0
    """Discogs requests that it may have taken."""


@dataclass(frozen=True, slots=True)
class RefreshTally:
    """Identities by result; a failed call counts all of its identities."""

    identities_scanned: int = 0
    identities_resolved: int = 0
    warmed_releases: int = 0
    warmed_artists: int = 0
    not_found: int = 0
    not_implemented: int = 0
    lml_error: int = 0

    def check(self) -> None:
        """Raise MiscountedRows unless scanned == resolved + lml_error."""
        if self.identities_scanned != self.identities_resolved + self.lml_error:
            raise MiscountedRows(f"these do not add up: {self}")

    def counts(self) -> dict[str, int]:
        """Every counter by its field's name."""
        return asdict(self)

    def figures(self) -> dict[str, int]:
        """Every counter by its public name."""
        return {f"backfill.{name}": number for name, number in self.counts().items()}


def affordable_batch(batch_size: int, per_minute: float) -> int:
    """Return how many identities a call may take, so that it costs half a minute's rate at most.

    One that takes more would have to wait until nothing was spent for a minute. A rate of 0 is
    unlimited.
    """
    if not per_minute:
        return batch_size
    return max(1, min(batch_size, int(per_minute / 2 / REQUESTS_PER_IDENTITY)))


def tally(results: Mapping[int, Refreshed], failed: Collection[int]) -> RefreshTally:
    """Count each identity once: those with a result, and those whose last call failed.

    An identity in both counts by its result. Raises MiscountedRows.
    """
    statuses = [each.status for each in results.values()]
    unanswered = len(set(failed) - results.keys())
    errors = sum(status in FAILED for status in statuses)
    counted = RefreshTally(
        identities_scanned=len(statuses) + unanswered,
        identities_resolved=len(statuses) - errors,
        warmed_releases=sum(each.warmed_releases for each in results.values()),
        warmed_artists=sum(each.warmed_artists for each in results.values()),
        not_found=statuses.count(RefreshStatus.NOT_FOUND),
        not_implemented=statuses.count(RefreshStatus.NOT_IMPLEMENTED),
        lml_error=errors + unanswered,
    )
    counted.check()
    return counted
