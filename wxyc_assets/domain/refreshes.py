"""What a cache refresh did for each identity, counted as the station counts it."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

MAX_BATCH = 50
"""Identities a call: LML's hard cap, about 200 Discogs requests at 50 a minute being just less
than the five minutes after which the edge in front of LML closes a request (LML's contract)."""


class RefreshStatus(StrEnum):
    """How LML's refresh of one identity ended; `DRIFT` is anything its contract does not know."""

    WARMED = "warmed"
    NOT_FOUND = "not_found"
    NOT_IMPLEMENTED = "not_implemented"
    ERROR = "error"
    DRIFT = "drift"


FAILED = frozenset({RefreshStatus.ERROR, RefreshStatus.DRIFT})


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What LML says about one identity; `said` is a status that the contract does not know."""

    status: RefreshStatus
    warmed_releases: int = 0
    warmed_artists: int = 0
    said: str = ""


class MiscountedIdentities(AssertionError):
    """The counters do not add up to the identities that were scanned: a defect of ours."""


@dataclass(frozen=True, slots=True)
class RefreshTally:
    """Identities by what became of them; a failed call counts all of its own."""

    identities_scanned: int = 0
    identities_resolved: int = 0
    warmed_releases: int = 0
    warmed_artists: int = 0
    not_found: int = 0
    not_implemented: int = 0
    lml_error: int = 0

    def check(self) -> None:
        """Raises MiscountedIdentities unless scanned == resolved + lml_error."""
        if self.identities_scanned != self.identities_resolved + self.lml_error:
            raise MiscountedIdentities(f"these do not add up: {self}")

    def counts(self) -> dict[str, int]:
        """Every counter by its field's name."""
        return asdict(self)

    def figures(self) -> dict[str, int]:
        """Every counter by the name that the station's dashboards know."""
        return {f"backfill.{name}": number for name, number in self.counts().items()}


def tally(results: Mapping[int, Refreshed], failed: Collection[int]) -> RefreshTally:
    """Each identity once: those with a result, and those whose last call failed.

    An identity in both counts by its result. Raises MiscountedIdentities.
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
