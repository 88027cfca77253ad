"""The questions of one range, and what has become of its records."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.adapters.postgres.artwork_store import RangeWorklist
from wxyc_assets.domain.artwork import Album, NoCoverReason
from wxyc_assets.domain.cover_outcomes import CoverTally, WriteOutcome


@dataclass(slots=True)
class RangeLookups:
    """The lookups of one range, until all of its records are settled."""

    worklist: RangeWorklist
    tally: CoverTally = field(default_factory=CoverTally)
    covers: set[int] = field(default_factory=set[int])
    """Library ids for which a cover was found."""
    refusals: dict[int, str] = field(default_factory=dict[int, str])
    doubtful: list["FailedQuestion"] = field(default_factory=list["FailedQuestion"])
    """Questions that may be to blame for their failure; to be asked again after the others."""
    error: LmlError | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    questions: Sequence["Question"] = field(init=False)
    _unasked: int = field(init=False)
    _unsettled: int = field(init=False)

    def __post_init__(self) -> None:
        self.questions = list(self._questions())
        self._unasked = len(self.questions)
        self._unsettled = len(self.worklist.due) + len(self.worklist.unconfirmed)
        self.tally.scanned = self._unsettled
        self._announce()

    def settle(self, outcome: WriteOutcome | NoCoverReason | None) -> None:
        """Count one record; a record with a cover (None) counts when that is written."""
        if outcome is not None:
            self.tally.outcomes[outcome] += 1
        self._unsettled -= 1
        self._announce()

    def count_asked(self) -> None:
        """Count one question as asked, whatever came of it."""
        self._unasked -= 1
        self._announce()

    def _announce(self) -> None:
        if not self._unasked:
            self.asked.set()
        if not self._unsettled:
            self.settled.set()

    def _questions(self) -> Iterator["Question"]:
        """One question for each artist and title."""
        by_name: defaultdict[tuple[str, str], list[Album]] = defaultdict(list)
        for album in self.worklist.due:
            by_name[album.artist_name, album.album_title].append(album)
        for (artist_name, album_title), formats in by_name.items():
            yield Question(artist_name, album_title, formats, self)


@dataclass(frozen=True, slots=True)
class Question:
    """One artist and title, and the records of a range that carry them: formats of one album."""

    artist_name: str
    album_title: str
    albums: Sequence[Album]
    lookups: RangeLookups


@dataclass(frozen=True, slots=True)
class FailedQuestion:
    """A question without an answer; `answers_before` is what LML had answered when it was asked."""

    question: Question
    error: LmlError
    answers_before: int
