"""Doubts: reasons to believe that what is stored about a record is not right.

Coverage says that there is an identity, not that it is the right one. A doubt is no verdict: it
says why a person should look.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import assert_never

from wxyc_assets.domain.artwork import normalized

ALWAYS_ALLOWED = 10
"""So many more doubts of one reason are never a jump: small libraries vary."""
SIMILAR_TITLES = 0.62
"""Titles that are less alike are far from each other; measured against the sandbox's truth
(`wxyc_assets_tests/integration/flows/doubts/test_truth.py`)."""
BRACKETS = re.compile(r"[(\[][^()\[\]]*[)\]]")
EDITION = re.compile(
    r"[\s:,\u2013-]+(?:(?:19|20)\d\d )?"
    r"(?:deluxe|expanded|remaster(?:ed)?|reissue|single|[el]\.?p\.?)(?: edition| version)?$"
)


class Severity(StrEnum):
    """The likelihood that something is wrong."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class DoubtSubject(StrEnum):
    """The part of a record that is doubted."""

    IDENTITY = "identity"
    COVER = "cover"


class DoubtReason(StrEnum):
    """The reason for a doubt, in the order in which it is shown."""

    OTHER_OWN_ID = "other_own_id"
    SHARED_ID = "shared_id"
    SHARED_NAME = "shared_name"
    CONTRADICTING_SOURCES = "contradicting_sources"
    CHANGED_MIND = "changed_mind"
    SHARED_COVER = "shared_cover"
    OTHER_TITLE = "other_title"
    OTHER_RELEASE = "other_release"

    @property
    def subject(self) -> DoubtSubject:
        match self:
            case (
                DoubtReason.OTHER_OWN_ID
                | DoubtReason.SHARED_ID
                | DoubtReason.SHARED_NAME
                | DoubtReason.CONTRADICTING_SOURCES
                | DoubtReason.CHANGED_MIND
            ):
                return DoubtSubject.IDENTITY
            case DoubtReason.SHARED_COVER | DoubtReason.OTHER_TITLE | DoubtReason.OTHER_RELEASE:
                return DoubtSubject.COVER
            case _:
                assert_never(self)

    @property
    def severity(self) -> Severity:
        match self:
            case DoubtReason.OTHER_OWN_ID | DoubtReason.CHANGED_MIND | DoubtReason.OTHER_TITLE:
                return Severity.HIGH
            case (
                DoubtReason.SHARED_ID
                | DoubtReason.CONTRADICTING_SOURCES
                | DoubtReason.OTHER_RELEASE
            ):
                return Severity.MEDIUM
            case DoubtReason.SHARED_NAME | DoubtReason.SHARED_COVER:
                return Severity.LOW
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason to look at a record; `plays` is None where nobody counts them."""

    library_id: int
    artist_name: str | None
    album_title: str
    reason: DoubtReason
    severity: Severity
    evidence: str
    plays: int | None


@dataclass(frozen=True, slots=True)
class DoubtCount:
    """The doubts of one reason, among so many identities (or covers) of the library."""

    reason: DoubtReason
    records: int
    judged: int

    @property
    def share(self) -> float:
        return self.records / self.judged if self.judged else 0.0


@dataclass(frozen=True, slots=True)
class Doubts:
    """A run's findings: a count for each reason, and the doubtful records played most."""

    counts: Mapping[DoubtReason, DoubtCount]
    before: Mapping[DoubtReason, DoubtCount]
    """Those of the run before; empty if there was none."""
    doubtful_records: int
    most_played: tuple[Doubt, ...]
    plays_are_known: bool

    def jumps(self, growth: float) -> tuple[str, ...]:
        """Return a sentence for each reason whose share has grown by more than `growth`."""
        if not self.before:
            return ()
        jumped = (each for each in DoubtReason if self._has_jumped(each, growth))
        return tuple(self._jump(each) for each in jumped)

    def _has_jumped(self, reason: DoubtReason, growth: float) -> bool:
        now, before = self.counts[reason], self.before.get(reason)
        if before is None:
            return False
        expected = before.share * now.judged
        return now.records > max(expected * (1 + growth), expected + ALWAYS_ALLOWED)

    def _jump(self, reason: DoubtReason) -> str:
        now, before = self.counts[reason], self.before[reason]
        return (
            f"{reason}: {now.records:,} of {now.judged:,} ({now.share:.2%}), "
            f"after {before.records:,} of {before.judged:,} ({before.share:.2%})"
        )


@dataclass(frozen=True, slots=True)
class CoverTitle:
    """A record with a cover, and the title of the album that LML took it from."""

    library_id: int
    album_title: str
    found_title: str

    @property
    def is_far(self) -> bool:
        """True if the two titles are hardly those of one album, editions aside."""
        return likeness(self.album_title, self.found_title) < SIMILAR_TITLES


def likeness(title: str, other: str) -> float:
    """Return how much alike two album titles are, from 0 to 1, editions aside."""
    first, second = _without_edition(title), _without_edition(other)
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def _without_edition(title: str) -> str:
    """Return a title without brackets and without the name of an edition at its end."""
    name = normalized(title)
    return EDITION.sub("", " ".join(BRACKETS.sub(" ", name).split())) or name
