"""Looking covers up: a fixed number of workers, each album of a range asked about once."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import InitVar, dataclass, field
from functools import partial

from wxyc_assets.adapters.lml.circuit_breaker import CircuitBreakerWatch
from wxyc_assets.adapters.lml.client import LmlClient
from wxyc_assets.adapters.lml.errors import CircuitBreakerTimeout, LmlError, LmlRejectedBatch
from wxyc_assets.adapters.lml.retry import RetryingCaller, RetryPolicy, may_be_about_a_record
from wxyc_assets.adapters.postgres.artwork_store import COVER, LML_REFUSED, LookupOutcome
from wxyc_assets.domain.artwork import (
    Album,
    Choice,
    Cover,
    Found,
    NoCover,
    NoCoverReason,
    Rules,
    choose,
)
from wxyc_assets.domain.cover_outcomes import CoverTally, WriteOutcome
from wxyc_assets.flows.artwork.health_probes import HealthProbes
from wxyc_assets.flows.artwork.lookup_buffer import LookupBuffer

QUESTIONS_AHEAD = 16
"""Questions that wait for each worker, so that the next range is read while this one is asked."""


@dataclass(slots=True)
class RangeLookups:
    """What came of the lookups of one range, until all of its rows are settled."""

    albums: InitVar[Sequence[Album]]
    tally: CoverTally = field(default_factory=CoverTally)
    covers: set[int] = field(default_factory=set[int])
    """Library ids for which a cover was found."""
    refusals: dict[int, str] = field(default_factory=dict[int, str])
    latencies_ms: list[float] = field(default_factory=list[float])
    error: LmlError | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    _unsettled: int = field(init=False)

    def __post_init__(self, albums: Sequence[Album]) -> None:
        self.tally.scanned = self._unsettled = len(albums)
        if not albums:
            self.settled.set()

    def settle(self, fate: WriteOutcome | NoCoverReason | None) -> None:
        """Takes note of one row; a row with a cover (None) counts when that is written."""
        if fate is not None:
            self.tally.outcomes[fate] += 1
        self._unsettled -= 1
        if not self._unsettled:
            self.settled.set()


@dataclass(frozen=True, slots=True)
class Question:
    """One artist and title, and the rows of a range that carry them: formats of one album."""

    artist_name: str
    album_title: str
    albums: Sequence[Album]
    lookups: RangeLookups


class CoverLookup:
    """Asks LML until it is down or says no to us; then `stopped` says why.

    Pauses while the breaker is not closed; None: an open one is nothing to wait for.
    """

    def __init__(
        self,
        lml: LmlClient,
        *,
        patience: RetryPolicy,
        probes: HealthProbes,
        outbox: LookupBuffer,
        rules: Rules,
        max_in_flight: int,
        breaker: CircuitBreakerWatch | None = None,
    ) -> None:
        self._lml = lml
        self._trier = RetryingCaller(patience)
        self._probes = probes
        self._outbox = outbox
        self._rules = rules
        self._max_in_flight = max_in_flight
        self._breaker = breaker
        self._questions: asyncio.Queue[Question] = asyncio.Queue(QUESTIONS_AHEAD * max_in_flight)

    @property
    def stopped(self) -> LmlError | None:
        return self._trier.stopped

    async def run(self) -> None:
        """Works until it is cancelled; raises DatabaseError."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._probes.run())
            group.create_task(self._outbox.run())
            for _ in range(self._max_in_flight):
                group.create_task(self._work())

    async def ask(self, albums: Sequence[Album]) -> RangeLookups:
        """Puts the question about each of these; returns when all are put, not yet answered."""
        lookups = RangeLookups(albums)
        for question in _questions(albums, lookups):
            await self._questions.put(question)
        return lookups

    async def _work(self) -> None:
        while True:
            await self._answer(await self._questions.get())

    async def _answer(self, question: Question) -> None:
        await self._pause()
        probe = 0 if self.stopped else await self._probes.latest()
        if self.stopped:
            self._fail(question, self.stopped)
            return
        answers_before = self._trier.answers
        error = None
        try:
            looked_up = await self._trier.with_retries(
                partial(self._lml.lookup, question.artist_name, question.album_title)
            )
        except LmlError as failure:
            error = failure
            # A 500 is about the row only if LML answered others meanwhile.
            others_went_well = self._trier.answers > answers_before
            if isinstance(error, LmlRejectedBatch) or (
                may_be_about_a_record(error) and others_went_well
            ):
                self._refuse(question, str(error))
            else:
                self._fail(question, error)
        else:
            question.lookups.latencies_ms.append(looked_up.latency_ms)
            self._judge(question, looked_up.found, probe)
        self._trier.consider_stopping(error)
        if self.stopped:
            self._probes.give_up()

    async def _pause(self) -> None:
        if self._breaker is None or self.stopped:
            return
        try:
            await self._probes.latest()  # the first look serves both
            await self._breaker.wait_until_closed()
        except CircuitBreakerTimeout as error:
            self._trier.stopped = error
            self._probes.give_up()

    def _judge(self, question: Question, found: Found, probe: int) -> None:
        for album in question.albums:
            choice = choose(found, album, self._rules)
            settle = partial(self._settle, question.lookups, album, choice)
            if found.is_empty and not found.is_incomplete:
                self._probes.judge(probe, settle)
            else:
                settle(True)

    def _settle(
        self, lookups: RangeLookups, album: Album, choice: Choice, is_certain: bool
    ) -> None:
        match choice:
            case Cover(url, confidence):
                self._outbox.put(LookupOutcome(album, COVER, url, confidence))
                lookups.covers.add(album.library_id)
                lookups.settle(None)
            case NoCover(reason, confidence):
                refusal = reason if is_certain else NoCoverReason.UNKNOWN
                self._outbox.put(LookupOutcome(album, refusal, confidence=confidence))
                lookups.settle(refusal)

    def _refuse(self, question: Question, why: str) -> None:
        for album in question.albums:
            refusal = why.replace("\0", "\\x00")
            self._outbox.put(LookupOutcome(album, LML_REFUSED, refusal=refusal))
            question.lookups.refusals[album.library_id] = refusal
            question.lookups.settle(WriteOutcome.LML_REFUSED)

    def _fail(self, question: Question, error: LmlError) -> None:
        question.lookups.error = error
        for _ in question.albums:
            question.lookups.settle(WriteOutcome.LML_ERROR)


def _questions(albums: Sequence[Album], lookups: RangeLookups) -> Iterable[Question]:
    by_name: defaultdict[tuple[str, str], list[Album]] = defaultdict(list)
    for album in albums:
        by_name[album.artist_name, album.album_title].append(album)
    for (artist_name, album_title), formats in by_name.items():
        yield Question(artist_name, album_title, formats, lookups)
