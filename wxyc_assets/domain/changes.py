"""Records as the report lists them: those without a cover, and those that changed lately."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from wxyc_assets.domain.prices import CoverPrice


class Change(StrEnum):
    """A change of a record or its identity since a moment."""

    NEW_RECORD = "new_record"
    FOUND = "found"
    LOST = "lost"
    CHANGED = "changed"
    EDITED = "edited"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class ChangedRecord:
    """One change of one record; the names of a withdrawn record may be unknown."""

    change: Change
    library_id: int
    artist_name: str | None
    album_title: str | None
    genre_name: str | None
    at: datetime
    detail: str | None
    """The old and the new value, where there are two."""


@dataclass(frozen=True, slots=True)
class UncoveredRecord:
    """A record that wants a cover and has none."""

    library_id: int
    artist_name: str | None
    album_title: str
    genre_name: str
    outcome: str | None
    """The outcome of its last lookup; None if it was never looked up."""
    looked_up_at: datetime | None


@dataclass(frozen=True, slots=True)
class DoubtfulRecord:
    """A record and one reason to doubt what is stored of it; `plays` is None if nobody counts."""

    library_id: int
    artist_name: str | None
    album_title: str
    genre_name: str
    reason: str
    severity: str
    evidence: str
    plays: int | None


@dataclass(frozen=True, slots=True)
class NamedRecord:
    """A record with its names."""

    library_id: int
    artist_name: str | None
    album_title: str


@dataclass(frozen=True, slots=True)
class RecordsOfReport:
    """The report's lists, beside the snapshot's numbers."""

    since: datetime
    changes: tuple[ChangedRecord, ...]
    without_cover: tuple[UncoveredRecord, ...]
    doubtful: tuple[DoubtfulRecord, ...]
    genres: dict[str, str]
    """Genre names, by genre id as text."""
    price: CoverPrice = field(default_factory=CoverPrice)
    """Of the covers found since then."""
