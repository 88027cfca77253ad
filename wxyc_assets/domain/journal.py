"""The changes of a run, as the journal has them, and the result of undoing them."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class JournalSubject(StrEnum):
    """The part of a record that a change is about."""

    IDENTITY = "identity"
    CREDITS = "credits"
    ATTEMPT = "attempt"
    COVER = "cover"


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An entry of the journal: one run's change of one part of a record."""

    entry: int
    library_id: int
    subject: JournalSubject


@dataclass(frozen=True, slots=True)
class ChangeState:
    """A change, and what the tables hold of it now."""

    change: JournalEntry
    is_gone: bool
    """The record was deleted."""
    changes: int
    """The number of rows that can stand or fall alone: credits; otherwise 1."""
    standing: int
    """Those of them that nobody has changed since."""
    later_run_id: str | None
    """The last other run that changed the same part of the record afterwards."""
    later_is_its_revert: bool
    later_stands: bool
    """Nobody has changed since what that run left there."""


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """A change that is not undone, or not completely, and why."""

    library_id: int
    subject: JournalSubject
    reason: str


@dataclass(slots=True)
class RevertResult:
    """The records whose changes were undone (or would be), by subject, and those left alone."""

    run_id: str
    reverted_run_id: str
    is_applied: bool
    reverted: Counter[JournalSubject] = field(default_factory=Counter[JournalSubject])
    already_reverted: int = 0
    left_alone: list[LeftAlone] = field(default_factory=list[LeftAlone])

    def counters(self) -> dict[str, int]:
        """Return its numbers by the names that dashboards use."""
        return {
            **{f"reverted.{each}": self.reverted[each] for each in JournalSubject},
            "already_reverted": self.already_reverted,
            "left_alone": len(self.left_alone),
        }


@dataclass(frozen=True, slots=True)
class JournaledRun:
    """A run in the journal, with its number of changed records by subject."""

    run_id: str
    changed_at: datetime
    records: dict[JournalSubject, int]
    reverted_run_id: str | None


def is_reverted_already(state: ChangeState) -> bool:
    """Return True if a revert of the same run undid this change, and its result still stands."""
    return state.later_is_its_revert and state.later_stands


def why_left_alone(state: ChangeState) -> str:
    """Return why a change is not undone, in words for people."""
    if state.is_gone:
        return "the record was deleted"
    part = f"{state.changes - state.standing} of {state.changes} credits: " * (state.changes > 1)
    if state.later_stands:
        return f"{part}run {state.later_run_id} changed it since; revert that run first"
    return f"{part}somebody else changed it since"
