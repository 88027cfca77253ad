"""Looking covers up: each album of a range is asked about once."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from wxyc_assets.adapters.lml.circuit_breaker import CircuitBreakerWatch
from wxyc_assets.adapters.lml.client import LmlClient
from wxyc_assets.adapters.lml.errors import CircuitBreakerTimeout, LmlError, LmlRejectedBatch
from wxyc_assets.adapters.lml.retry import RetryingCaller, RetryPolicy, may_be_about_a_record
from wxyc_assets.adapters.postgres.artwork_store import (
    COVER,
    LML_REFUSED,
    LookupOutcome,
    RangeWorklist,
)
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
from wxyc_assets.domain.candidates import CONTROL_RECORD
from wxyc_assets.domain.cover_outcomes import CoverTally, WriteOutcome
from wxyc_assets.flows.artwork.health_probes import HealthProbes
from wxyc_assets.flows.artwork.lookup_buffer import LookupBuffer


@dataclass(slots=True)
class RangeLookups:
    """The lookups of one range, until all of its records are settled."""

    worklist: RangeWorklist
    tally: CoverTally = field(default_factory=CoverTally)
    covers: set[int] = field(default_factory=set[int])
    """Library ids for which a cover was found."""
    refusals: dict[int, str] = field(default_factory=dict[int, str])
    error: LmlError | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    _unsettled: int = field(init=False)

    def __post_init__(self) -> None:
        self.tally.scanned = self._unsettled = len(self.worklist.due)
        if not self._unsettled:
            self.settled.set()

    def settle(self, outcome: WriteOutcome | NoCoverReason | None) -> None:
        """Count one record; a record with a cover (None) counts when that is written."""
        if outcome is not None:
            self.tally.outcomes[outcome] += 1
        self._unsettled -= 1
        if not self._unsettled:
            self.settled.set()

    def questions(self) -> Iterator["Question"]:
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


class CoverLookup:
    """Asks LML until it is down or refuses us; then `stopped` says why.

    Pauses while `breaker` is not closed; without one, an open breaker is not waited for.
    """

    def __init__(
        self,
        lml: LmlClient,
        *,
        retry_policy: RetryPolicy,
        probes: HealthProbes,
        buffer: LookupBuffer,
        rules: Rules,
        breaker: CircuitBreakerWatch | None,
    ) -> None:
        self._lml = lml
        self._caller = RetryingCaller(retry_policy)
        self._probes = probes
        self._buffer = buffer
        self._rules = rules
        self._breaker = breaker

    @property
    def stopped(self) -> LmlError | None:
        return self._caller.stopped

    async def ask(self, question: Question) -> None:
        """Look one album up and settle its records; those of an empty answer after a probe."""
        await self._wait_for_breaker()
        probe = 0 if self.stopped else await self._probes.latest()
        if self.stopped:
            self._fail(question, self.stopped)
            return
        answers_before = self._caller.answers
        error = None
        try:
            result = await self._caller.with_retries(
                partial(self._lml.lookup, question.artist_name, question.album_title)
            )
        except LmlError as lml_error:
            error = lml_error
            await self._fail_or_refuse(question, error, answers_before)
        else:
            question.lookups.tally.latencies_ms.append(result.latency_ms)
            self._choose(question, result.found, probe)
        self._caller.consider_stopping(error)
        if self.stopped:
            self._probes.give_up()

    async def _wait_for_breaker(self) -> None:
        if self._breaker is None or self.stopped:
            return
        try:
            await self._probes.latest()  # the first probe serves both
            await self._breaker.wait_until_closed()
        except CircuitBreakerTimeout as error:
            self._caller.stopped = error
            self._probes.give_up()

    def _choose(self, question: Question, found: Found, probe: int) -> None:
        for album in question.albums:
            choice = choose(found, album, self._rules)
            settle = partial(self._settle, question.lookups, album, choice)
            if found.is_empty and not found.is_incomplete:
                self._probes.verify(probe, settle)
            else:
                settle(True)

    def _settle(
        self, lookups: RangeLookups, album: Album, choice: Choice, is_certain: bool
    ) -> None:
        match choice:
            case Cover(url, confidence):
                self._buffer.put(LookupOutcome(album, COVER, url, confidence))
                lookups.covers.add(album.library_id)
                lookups.settle(None)
            case NoCover(reason, confidence):
                outcome = reason if is_certain else NoCoverReason.UNKNOWN
                self._buffer.put(LookupOutcome(album, outcome, confidence=confidence))
                lookups.settle(outcome)

    async def _fail_or_refuse(
        self, question: Question, error: LmlError, answers_before: int
    ) -> None:
        """Refuse a record only if LML answered about others meanwhile, or does so when asked."""
        is_well = self._caller.answers > answers_before
        if isinstance(error, LmlRejectedBatch) and not is_well:
            is_well = await self._caller.answers_about(self._look_up_the_control_record)
        if may_be_about_a_record(error) and is_well:
            self._refuse(question, str(error))
        else:
            self._fail(question, error)

    async def _look_up_the_control_record(self) -> None:
        await self._lml.lookup(CONTROL_RECORD.artist_name, CONTROL_RECORD.album_title)

    def _refuse(self, question: Question, reason: str) -> None:
        refusal = reason.replace("\0", "\\x00")
        for album in question.albums:
            self._buffer.put(LookupOutcome(album, LML_REFUSED, refusal=refusal))
            question.lookups.refusals[album.library_id] = refusal
            question.lookups.settle(WriteOutcome.LML_REFUSED)

    def _fail(self, question: Question, error: LmlError) -> None:
        question.lookups.error = error
        for _ in question.albums:
            question.lookups.settle(WriteOutcome.LML_ERROR)
