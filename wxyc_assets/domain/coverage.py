"""How much of the library is covered, at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from wxyc_assets.domain.artwork import Eligibility


class State(StrEnum):
    """How far a library row got; every row is in exactly one state."""

    FRESH = "fresh"
    STALE = "stale"
    COMPILATION_MATCHED = "compilation_matched"
    COMPILATION_UNMATCHED = "compilation_unmatched"
    UNRESOLVED = "unresolved"
    REFUSED = "refused"
    ATTEMPTED_ELSEWHERE = "attempted_elsewhere"
    ATTEMPTED_LONG_AGO = "attempted_long_ago"
    NOT_WRITTEN = "not_written"
    NEVER_ASKED = "never_asked"
    NO_ARTIST_NAME = "no_artist_name"
    NO_CANONICAL_ENTITY = "no_canonical_entity"

    @property
    def words(self) -> str:
        return WORDS[self]


WORDS = {
    State.FRESH: "identified, fresh",
    State.STALE: "identified, stale",
    State.COMPILATION_MATCHED: "compilation matched, resting",
    State.COMPILATION_UNMATCHED: "compilation not matched, resting",
    State.UNRESOLVED: "unresolved, resting",
    State.REFUSED: "refused by LML, resting",
    State.ATTEMPTED_ELSEWHERE: "attempted by others, resting",
    State.ATTEMPTED_LONG_AGO: "attempted long ago",
    State.NOT_WRITTEN: "answered, not written",
    State.NEVER_ASKED: "never asked",
    State.NO_ARTIST_NAME: "out of scope: no artist name",
    State.NO_CANONICAL_ENTITY: "out of scope: no canonical entity",
}
IDENTIFIED = (State.FRESH, State.STALE)
RESTING = (
    State.COMPILATION_MATCHED,
    State.COMPILATION_UNMATCHED,
    State.UNRESOLVED,
    State.REFUSED,
    State.ATTEMPTED_ELSEWHERE,
)
OPEN = (State.ATTEMPTED_LONG_AGO, State.NOT_WRITTEN, State.NEVER_ASKED)
OUT_OF_SCOPE = (State.NO_ARTIST_NAME, State.NO_CANONICAL_ENTITY)


class CoverState(StrEnum):
    """How far the cover of a library row got; every row is in exactly one state."""

    THERE = "cover_there"
    DENIED = "cover_denied"
    """A dated no: looked up, refused for a reason, not yet to be asked again."""
    WAITING = "cover_waiting"
    UNKNOWN = "cover_unknown"
    NOT_WANTED = "cover_not_wanted"


class Violation(StrEnum):
    """What a library row may do to shut a gate; the kinds of `Slice.offenders`."""

    UNCOVERED = "uncovered"
    WITHOUT_COVER = "without_cover"
    UNCLASSIFIED = "unclassified"
    ASKED_TWICE = "asked_twice"
    DISAGREEING = "disagreeing"
    ORPHANED = "orphaned"
    OUTSIDE = "outside"


class Dimension(StrEnum):
    """By what a snapshot cuts the library into slices."""

    ALL = "all"
    COHORT = "cohort"
    ID_RANGE = "id_range"
    GENRE = "genre"


OUTSIDE = "outside"
"""The member of the dimension of ranges for rows that lie in none."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Library rows of the whole library, or of one cohort, range or genre."""

    dimension: Dimension
    member: str
    states: Mapping[State, int] = field(default_factory=dict[State, int])
    covers: Mapping[CoverState, int] = field(default_factory=dict[CoverState, int])
    offences: Mapping[Violation, int] = field(default_factory=dict[Violation, int])
    compilations: int = 0
    """Rows in scope of the compilation cohort."""
    compilations_matched: int = 0
    sources: Mapping[str, int] = field(default_factory=dict[str, int])
    """Rows with an identity, by how many sources it has."""
    methods: Mapping[str, int] = field(default_factory=dict[str, int])
    confidences: Mapping[str, int] = field(default_factory=dict[str, int])
    """Rows with an identity, by the tenth that its confidence lies in, such as `0.8`."""
    offenders: Mapping[Violation, Sequence[int]] = field(
        default_factory=dict[Violation, Sequence[int]]
    )
    """Library ids, the first few of each offence."""
    largest_id: int = 0

    @property
    def library_rows(self) -> int:
        return sum(self.states.values())

    @property
    def in_scope(self) -> int:
        return self.library_rows - self.rows(*OUT_OF_SCOPE)

    @property
    def identified(self) -> int:
        return self.rows(*IDENTIFIED)

    @property
    def resting(self) -> int:
        return self.rows(*RESTING)

    @property
    def open_rows(self) -> int:
        return self.rows(*OPEN)

    @property
    def covers_wanted(self) -> int:
        """Rows whose cover we want, with those that have it."""
        return self.library_rows - self.covers.get(CoverState.NOT_WANTED, 0)

    @property
    def covers_settled(self) -> int:
        """Of those: rows with a cover or a dated no."""
        return self.cover(CoverState.THERE) + self.cover(CoverState.DENIED)

    @property
    def covered_share(self) -> float:
        """Of the rows in scope: those with an identity, or at rest."""
        return share(self.identified + self.resting, self.in_scope)

    @property
    def identified_share(self) -> float:
        return share(self.identified, self.in_scope)

    @property
    def artwork_share(self) -> float:
        """Of the rows whose cover we want: those that have it."""
        return share(self.cover(CoverState.THERE), self.covers_wanted)

    @property
    def artwork_settled_share(self) -> float:
        return share(self.covers_settled, self.covers_wanted)

    @property
    def compilations_classified(self) -> int:
        """Rows of `compilations` of which LML has said what they are."""
        return self.compilations - self.offence(Violation.UNCLASSIFIED)

    def rows(self, *states: State) -> int:
        return sum(self.states.get(each, 0) for each in states)

    def cover(self, state: CoverState) -> int:
        return self.covers.get(state, 0)

    def offence(self, offence: Violation) -> int:
        return self.offences.get(offence, 0)


def share(rows: int, of_rows: int) -> float:
    """1 where there is nothing to have a share of."""
    return rows / of_rows if of_rows else 1.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The library at one moment; every dimension cuts all of it, members in order."""

    run_id: str
    taken_at: datetime
    is_wide: bool
    """Whether rows without a canonical entity were in scope."""
    eligibility: Eligibility
    total: Slice
    cohorts: tuple[Slice, ...] = ()
    ranges: tuple[Slice, ...] = ()
    genres: tuple[Slice, ...] = ()

    @property
    def scope(self) -> str:
        """In words, for people."""
        return "every row with an artist name" if self.is_wide else "canonical rows"

    @property
    def slices(self) -> tuple[Slice, ...]:
        return self.total, *self.cohorts, *self.ranges, *self.genres

    def is_comparable(self, other: "Snapshot") -> bool:
        """Whether both looked at the same scope; shares of others say nothing."""
        return (self.is_wide, self.eligibility) == (other.is_wide, other.eligibility)
