"""Records for a person to look at: what is written about them, and why they are shown."""

from collections.abc import Iterable
from dataclasses import dataclass

from wxyc_assets.domain.artwork import is_https
from wxyc_assets.domain.doubts import DoubtReason, Severity
from wxyc_assets.domain.external_ids import page_of
from wxyc_assets.domain.verdicts import Topic

SEVERITY_WEIGHTS = {Severity.HIGH: 3, Severity.MEDIUM: 2, Severity.LOW: 1}
"""A record's place is the sum of its doubts' weights, times its plays and one."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A doubt about a record, and what was found."""

    reason: DoubtReason
    words: str


@dataclass(frozen=True, slots=True)
class ReviewCandidate:
    """One value to decide about, and where it can be looked at; None for nowhere safe."""

    topic: Topic
    value: str
    link: str | None


@dataclass(frozen=True, slots=True)
class ReviewCard:
    """A record with its candidates; a sample's card says nothing of plays and doubts."""

    library_id: int
    legacy_release_id: int
    artist_name: str
    album_title: str
    candidates: tuple[ReviewCandidate, ...]
    plays: int | None = None
    doubts: tuple[Evidence, ...] = ()


def candidates_of(values: Iterable[tuple[str, str]]) -> tuple[ReviewCandidate, ...]:
    """Return the candidates of (topic, value) pairs, in their order."""
    return tuple(ReviewCandidate(Topic(name), value, _link(name, value)) for name, value in values)


def _link(topic: str, value: str) -> str | None:
    if topic == Topic.COVER:
        return value if is_https(value) else None
    return page_of(topic, value)
