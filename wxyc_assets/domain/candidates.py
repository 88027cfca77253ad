"""Which library rows are due for a question to LML, and why.

The source is "What is written, and when" in the contract with the Backend database.

The rule stands twice: here for one row, which `wxyc-assets explain` tells people, and set-based in
`put_candidates.sql`, which decides. A property test holds the two together.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Cohort(StrEnum):
    """The compilation cohort and the rest; every library row is in exactly one."""

    VA = "va"
    NON_VA = "non_va"


class Reason(StrEnum):
    """Why a row is due."""

    NEVER_RESOLVED = "never_resolved"
    STALE = "stale"
    RETRY_DUE = "retry_due"
    RECHECK = "recheck"


class NotDue(StrEnum):
    """Why a row is not due, in words for people."""

    NO_ARTIST_NAME = "it has no artist name, and LML needs one"
    FRESH = "its identity was verified within the staleness window"
    RESTING = "its last answer named nobody and rests for the retry window"
    NO_CANONICAL_ENTITY = "it has no canonical entity, and the scope is not widened"
    ATTEMPTED = "it was attempted within the retry window"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run looks at; windows in days."""

    include_null_canonical: bool = False
    recheck: bool = False
    stale_days: float = 7
    retry_days: float = 30

    @property
    def records_attempts(self) -> bool:
        """True when an attempt without an identity is dated on the library row."""
        return self.include_null_canonical or self.recheck


@dataclass(frozen=True, slots=True)
class Candidate:
    """A library row as LML is asked about it."""

    library_id: int
    artist_name: str
    album_title: str
    legacy_release_id: int
    cohort: Cohort


@dataclass(frozen=True, slots=True)
class LibraryRow:
    """The facts that decide whether a row is due; dates are aware, None means never."""

    artist_name: str | None
    is_canonical: bool
    code_volume_letters: str | None
    has_credits: bool
    verified_at: datetime | None
    attempted_at: datetime | None
    answered_nobody_at: datetime | None
    """Our own date of a last answer that was unresolved, a compilation or a refusal."""

    @property
    def cohort(self) -> Cohort:
        shelved_as_compilation = (self.code_volume_letters or "").startswith("Z")
        return Cohort.VA if shelved_as_compilation or self.has_credits else Cohort.NON_VA


def due_reason(row: LibraryRow, scope: Scope, now: datetime) -> Reason | NotDue:
    """Why the row is due at `now`, or why not."""
    if row.artist_name is None:
        return NotDue.NO_ARTIST_NAME
    obstacle = _obstacle(row, scope, now)
    if obstacle is None:
        return _reason(row)
    return Reason.RECHECK if scope.recheck and _was_attempted_in_va(row) else obstacle


def _obstacle(row: LibraryRow, scope: Scope, now: datetime) -> NotDue | None:
    retry_from = now - timedelta(days=scope.retry_days)
    if row.verified_at is not None and row.verified_at >= now - timedelta(days=scope.stale_days):
        return NotDue.FRESH
    if row.answered_nobody_at is not None and row.answered_nobody_at > retry_from:
        return NotDue.RESTING
    if not (scope.include_null_canonical or row.is_canonical):
        return NotDue.NO_CANONICAL_ENTITY
    window_counts = scope.include_null_canonical or row.cohort is Cohort.VA
    recently = row.attempted_at is not None and row.attempted_at >= retry_from
    if window_counts and row.verified_at is None and recently:
        return NotDue.ATTEMPTED
    return None


def _reason(row: LibraryRow) -> Reason:
    if row.verified_at is not None:
        return Reason.STALE
    never = row.attempted_at is None and row.answered_nobody_at is None
    return Reason.NEVER_RESOLVED if never else Reason.RETRY_DUE


def _was_attempted_in_va(row: LibraryRow) -> bool:
    attempted = row.attempted_at is not None or row.answered_nobody_at is not None
    return row.cohort is Cohort.VA and attempted
