"""The coverage of the library at one moment: states of records, slices and snapshots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from wxyc_assets.domain.artwork import CoverScope, Eligibility
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.domain.totals import Totals


class State(StrEnum):
    """The state of a record; every record is in exactly one."""

    FRESH = "fresh"
    STALE = "stale"
    COMPILATION_MATCHED = "compilation_matched"
    COMPILATION_UNMATCHED = "compilation_unmatched"
    UNRESOLVED = "unresolved"
    REFUSED = "refused"
    REJECTED = "rejected"
    """A person rejected everything that LML says about it."""
    ATTEMPTED_ELSEWHERE = "attempted_elsewhere"
    ATTEMPTED_LONG_AGO = "attempted_long_ago"
    NOT_WRITTEN = "not_written"
    NEVER_ASKED = "never_asked"
    NO_ARTIST_NAME = "no_artist_name"
    NO_CANONICAL_ENTITY = "no_canonical_entity"


IDENTIFIED = (State.FRESH, State.STALE)
WAITING_TO_RETRY = (
    State.COMPILATION_MATCHED,
    State.COMPILATION_UNMATCHED,
    State.UNRESOLVED,
    State.REFUSED,
    State.REJECTED,
    State.ATTEMPTED_ELSEWHERE,
)
OPEN = (State.ATTEMPTED_LONG_AGO, State.NOT_WRITTEN, State.NEVER_ASKED)
OUT_OF_SCOPE = (State.NO_ARTIST_NAME, State.NO_CANONICAL_ENTITY)


class CoverState(StrEnum):
    """The state of a record's cover; every record is in exactly one."""

    THERE = "cover_there"
    DENIED = "cover_denied"
    """No cover found: looked up within the retry window, and rejected for a reason."""
    WAITING = "cover_waiting"
    """Found, and not written yet."""
    UNKNOWN = "cover_unknown"
    """No answer yet: not looked up, too long ago, or LML could not say."""
    NOT_WANTED = "cover_not_wanted"


class Violation(StrEnum):
    """The ways in which a record makes a check fail; the keys of `Slice.offenders`."""

    UNCOVERED = "uncovered"
    WITHOUT_COVER = "without_cover"
    UNCLASSIFIED = "unclassified"
    ASKED_TWICE = "asked_twice"
    DISAGREEING = "disagreeing"
    ORPHANED = "orphaned"
    OUTSIDE = "outside"


class Dimension(StrEnum):
    """The ways in which a snapshot divides the library into slices."""

    ALL = "all"
    COHORT = "cohort"
    ID_RANGE = "id_range"
    GENRE = "genre"


OUTSIDE = "outside"
"""The member of `Dimension.ID_RANGE` for records in no range."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Counts of records: in the whole library, or in one cohort, range or genre."""

    dimension: Dimension
    member: str
    states: Mapping[State, int] = field(default_factory=dict[State, int])
    covers: Mapping[CoverState, int] = field(default_factory=dict[CoverState, int])
    violations: Mapping[Violation, int] = field(default_factory=dict[Violation, int])
    compilations: int = 0
    """Records in scope of the compilation cohort."""
    compilations_matched: int = 0
    sources: Mapping[str, int] = field(default_factory=dict[str, int])
    """Records with an identity, by its number of sources."""
    methods: Mapping[str, int] = field(default_factory=dict[str, int])
    confidences: Mapping[str, int] = field(default_factory=dict[str, int])
    """Records with an identity, by its confidence rounded down to a tenth, such as `0.8`."""
    offenders: Mapping[Violation, Sequence[int]] = field(
        default_factory=dict[Violation, Sequence[int]]
    )
    """The first few library ids of each violation."""
    largest_id: int = 0
    identities: int | None = None
    """Records in scope with an identity, whatever their state; None in an old snapshot."""

    @property
    def library_rows(self) -> int:
        return sum(self.states.values())

    @property
    def in_scope(self) -> int:
        return self.library_rows - self.records(*OUT_OF_SCOPE)

    @property
    def identified(self) -> int:
        return self.records(*IDENTIFIED) if self.identities is None else self.identities

    @property
    def waiting_to_retry(self) -> int:
        return self.records(*WAITING_TO_RETRY)

    @property
    def open_records(self) -> int:
        return self.records(*OPEN)

    @property
    def covers_wanted(self) -> int:
        """Records that want a cover, with or without one."""
        return self.library_rows - self.covers.get(CoverState.NOT_WANTED, 0)

    @property
    def covers_settled(self) -> int:
        """Of those: records with a cover, or with no cover found."""
        return self.cover(CoverState.THERE) + self.cover(CoverState.DENIED)

    @property
    def covered(self) -> int:
        """Records in scope that nothing is owed: with an identity, or waiting to retry."""
        return self.records(*IDENTIFIED) + self.waiting_to_retry

    @property
    def covered_share(self) -> float:
        return share(self.covered, self.in_scope)

    @property
    def identified_share(self) -> float:
        return share(self.identified, self.in_scope)

    @property
    def artwork_share(self) -> float:
        """Of the records that want a cover: those that have one."""
        return share(self.cover(CoverState.THERE), self.covers_wanted)

    @property
    def artwork_settled_share(self) -> float:
        return share(self.covers_settled, self.covers_wanted)

    @property
    def compilations_classified(self) -> int:
        """Of `compilations`: records that LML has classified."""
        return self.compilations - self.violating(Violation.UNCLASSIFIED)

    def records(self, *states: State) -> int:
        return sum(self.states.get(each, 0) for each in states)

    def cover(self, state: CoverState) -> int:
        return self.covers.get(state, 0)

    def violating(self, violation: Violation) -> int:
        return self.violations.get(violation, 0)


def share(part: int, whole: int) -> float:
    """Return the share of `part` in `whole`; 1 when there is no whole."""
    return part / whole if whole else 1.0


@dataclass(frozen=True, slots=True)
class CoverageRules:
    """The rules that a run works by, and that its coverage is judged by."""

    scope: Scope = field(default_factory=Scope)
    covers: CoverScope = field(default_factory=CoverScope)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The library at one moment; every dimension divides all of it, members in order."""

    run_id: str
    taken_at: datetime
    is_wide: bool
    """Records without a canonical entity were in scope."""
    eligibility: Eligibility
    total: Slice
    cohorts: tuple[Slice, ...] = ()
    ranges: tuple[Slice, ...] = ()
    genres: tuple[Slice, ...] = ()
    rules: CoverageRules | None = None
    """None in an old snapshot."""
    totals: Totals | None = None
    """None if they were not stored, or cannot be read."""
    samples: Mapping[str, str] = field(default_factory=dict[str, str])
    """Examples in words for some of the totals, by the count's name."""
    completed_at: datetime | None = None
    """The oldest completion of a range by an identity run."""

    @property
    def scope(self) -> str:
        """The records in scope, as a noun phrase."""
        return "all with an artist name" if self.is_wide else "those with a canonical entity"

    @property
    def slices(self) -> tuple[Slice, ...]:
        return self.total, *self.cohorts, *self.ranges, *self.genres

    def is_comparable(self, other: "Snapshot") -> bool:
        """Return True when both have the same scope; only then can shares be compared."""
        return self._judged_by == other._judged_by

    @property
    def _judged_by(self) -> tuple[object, ...]:
        covers = self.rules.covers.rules if self.rules else None
        return self.is_wide, self.eligibility, covers
