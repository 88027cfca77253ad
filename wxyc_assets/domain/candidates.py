"""Candidates: the records that are due for a question to LML, and the reason.

The rules are "What is written, and when" in docs/contracts/backend-db.md. The due rule stands
twice: here for one record, which `wxyc-assets explain` shows, and set-based in `select_due.sql`,
which decides. A property test ties the two together.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

INSTANT = timedelta(microseconds=1)
"""PostgreSQL's resolution of time: some windows are over only just after their end."""


class Cohort(StrEnum):
    """The compilation cohort and the rest; every record is in exactly one."""

    VA = "va"
    NON_VA = "non_va"


class Reason(StrEnum):
    """The reason why a record is due."""

    NEVER_RESOLVED = "never_resolved"
    STALE = "stale"
    RETRY_DUE = "retry_due"
    RECHECK = "recheck"


class NotDue(StrEnum):
    """The reason why a record is not due, in words for people."""

    NO_ARTIST_NAME = "it has no artist name, and LML needs one"
    FRESH = "its identity was verified within the staleness window"
    WAITING_TO_RETRY = "its last answer held no identity, and it is waiting to retry"
    REVERTED = "what its last answer had decided was reverted, and it is waiting to retry"
    NO_CANONICAL_ENTITY = "it has no canonical entity, and the scope is not widened"
    ATTEMPTED = "it was attempted within the retry window"


@dataclass(frozen=True, slots=True)
class Scope:
    """The records that a run covers; windows in days."""

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
    """A record in the form in which LML is asked about it."""

    library_id: int
    artist_name: str
    album_title: str
    legacy_release_id: int
    cohort: Cohort


CONTROL_RECORD = Candidate(2_147_483_647, "Stereolab", "Dots and Loops", 1, Cohort.NON_VA)
"""A record that LML can answer about, under an id that no record has: when LML rejects it as well,
its refusals say nothing about the records."""


@dataclass(frozen=True, slots=True)
class LibraryRow:
    """The facts that decide if a record is due; dates are aware, None means never."""

    artist_name: str | None
    is_canonical: bool
    cohort: Cohort
    verified_at: datetime | None
    attempted_at: datetime | None
    unidentified_at: datetime | None
    """Date of our last answer if it was unresolved, a compilation or a refusal; or of a revert."""
    is_wanted_again: bool = False
    """A person wants it asked again (`wxyc-assets refused --ask-again`)."""
    is_reverted: bool = False
    """What the last answer had decided was undone (`wxyc-assets revert`)."""


def due_reason(row: LibraryRow, scope: Scope, now: datetime) -> Reason | NotDue:
    """Return the reason why the record is due at `now`, or why it is not."""
    if row.artist_name is None:
        return NotDue.NO_ARTIST_NAME
    if row.is_wanted_again:
        return Reason.RECHECK
    obstacle = _obstacle(row, scope, now)
    if obstacle is None:
        return _reason(row)
    return Reason.RECHECK if scope.recheck and _was_attempted_in_va(row) else obstacle


def next_due_at(row: LibraryRow, scope: Scope, now: datetime) -> datetime | None:
    """Return the moment from which the record is due, `now` at the earliest; None: never."""
    moment = now
    while isinstance(verdict := due_reason(row, scope, moment), NotDue):
        end = _end_of(verdict, row, scope)
        if end is None:
            return None
        moment = end + INSTANT
    return moment


def _end_of(obstacle: NotDue, row: LibraryRow, scope: Scope) -> datetime | None:
    retry_window = timedelta(days=scope.retry_days)
    match obstacle:
        case NotDue.FRESH:
            return row.verified_at and row.verified_at + timedelta(days=scope.stale_days)
        case NotDue.WAITING_TO_RETRY | NotDue.REVERTED:
            return row.unidentified_at and row.unidentified_at + retry_window
        case NotDue.ATTEMPTED:
            return row.attempted_at and row.attempted_at + retry_window
        case NotDue.NO_ARTIST_NAME | NotDue.NO_CANONICAL_ENTITY:
            return None
        case _:
            assert_never(obstacle)


def _obstacle(row: LibraryRow, scope: Scope, now: datetime) -> NotDue | None:
    retry_from = now - timedelta(days=scope.retry_days)
    if row.verified_at is not None and row.verified_at >= now - timedelta(days=scope.stale_days):
        return NotDue.FRESH
    if row.unidentified_at is not None and row.unidentified_at > retry_from:
        return NotDue.REVERTED if row.is_reverted else NotDue.WAITING_TO_RETRY
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
    never = row.attempted_at is None and row.unidentified_at is None
    return Reason.NEVER_RESOLVED if never else Reason.RETRY_DUE


def _was_attempted_in_va(row: LibraryRow) -> bool:
    attempted = row.attempted_at is not None or row.unidentified_at is not None
    return row.cohort is Cohort.VA and attempted
