"""Looking covers up: each album of a range is asked about once."""

import asyncio
from functools import partial

from wxyc_assets.adapters.lml.circuit_breaker import CircuitBreakerWatch
from wxyc_assets.adapters.lml.client import LmlClient, LookupResult
from wxyc_assets.adapters.lml.errors import LmlError, LmlRejectedBatch
from wxyc_assets.adapters.lml.lookup import LookupAnswer
from wxyc_assets.adapters.lml.retry import (
    GiveWay,
    RetryingCaller,
    RetryPolicy,
    is_doubtful,
    may_be_about_a_record,
    seems_well,
)
from wxyc_assets.adapters.postgres.artwork_store import (
    COVER,
    LML_REFUSED,
    UNCONFIRMED,
    LookupOutcome,
)
from wxyc_assets.domain.artwork import (
    Album,
    Choice,
    Cover,
    NoCover,
    NoCoverReason,
    Rules,
    choose,
)
from wxyc_assets.domain.candidates import CONTROL_RECORD
from wxyc_assets.domain.counters import DISCOGS_REQUESTS
from wxyc_assets.domain.cover_outcomes import WriteOutcome
from wxyc_assets.flows.artwork.health_probes import HealthProbes
from wxyc_assets.flows.artwork.lookup_buffer import LookupBuffer
from wxyc_assets.flows.artwork.range_lookups import FailedQuestion, Question, RangeLookups

READY = 2
"""Questions that wait for a place in flight, so that one is sent as soon as an answer is there."""


class _NotAsked(LmlError):
    """The run had stopped before a question was asked."""


class CoverLookup:
    """Asks LML until it is down or refuses us; then `stopped` says why.

    At most `max_in_flight` calls are in flight, as the budget of `lml` allows, and a few more are
    ready, however many questions are handed in. Pauses while `breaker` is not closed; without one,
    an open breaker is not waited for.
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
        max_in_flight: int,
        give_way: GiveWay | None = None,
    ) -> None:
        self._lml = lml
        self._caller = RetryingCaller(retry_policy, give_way)
        self._asking = asyncio.Semaphore(max_in_flight + READY)
        self._probes = probes
        self._buffer = buffer
        self._rules = rules
        self._breaker = breaker

    @property
    def stopped(self) -> LmlError | None:
        return self._caller.stopped

    async def ask(self, question: Question) -> None:
        """Look one album up and settle its records; those of an empty answer after a probe.

        A question that may be to blame for its failure is left to `ask_again`.
        """
        failed = await self._try(question)
        if failed and is_doubtful(failed.error) and not self.stopped:
            question.lookups.doubtful.append(failed)
        elif failed:
            await self._fail_or_refuse(failed)
        question.lookups.count_asked()

    async def ask_again(self, failed: FailedQuestion) -> None:
        """Refuse the records of a question that fails again while LML is well.

        LML is well if it answered other questions meanwhile and says so afterwards. If it is not,
        the records leave their range open.
        """
        if self.stopped or not self._has_answered_others(failed):
            self._fail(failed.question, failed.error)
            return
        again = await self._try(failed.question)
        if again is None:
            return
        if is_doubtful(again.error) and not self.stopped and await seems_well(self._lml):
            await self._refuse(failed.question, str(again.error))
            self._consider_stopping(None)
        else:
            await self._fail_or_refuse(again)

    def confirm(self, lookups: RangeLookups) -> None:
        """Settle the empty answers that an earlier run stored, after a probe."""
        for library_id, reason in lookups.worklist.unconfirmed.items():
            settle = partial(self._settle_stored, lookups, library_id, reason)
            self._probes.verify_stored(settle)

    async def _try(self, question: Question) -> FailedQuestion | None:
        async with self._asking:
            answers_before = self._caller.answers
            try:
                self._check_stopped()
                probe, result = await self._caller.with_retries(partial(self._call, question))
            except LmlError as error:
                self._consider_stopping(error)
                return FailedQuestion(question, error, answers_before)
            self._consider_stopping(None)
        tally = question.lookups.tally
        tally.latencies_ms.append(result.latency_ms)
        tally.details[DISCOGS_REQUESTS] += result.answer.api_calls or 0
        await self._store(question, result.answer, probe)
        return None

    def _consider_stopping(self, error: LmlError | None) -> None:
        self._caller.consider_stopping(error)
        if self.stopped:
            self._probes.give_up()

    async def _call(self, question: Question) -> tuple[int, LookupResult]:
        """Return the number of the latest probe before the question, and its answer."""
        if self._breaker is None:
            return await self._call_now(question)
        await self._probes.latest()  # the first probe serves both
        return await self._breaker.call(partial(self._call_now, question), _is_live)

    async def _call_now(self, question: Question) -> tuple[int, LookupResult]:
        probe = await self._probes.latest()
        return probe, await self._lml.lookup(
            question.artist_name, question.album_title, before_sending=self._check_stopped
        )

    def _check_stopped(self) -> None:
        if self.stopped:
            raise _NotAsked(str(self.stopped))

    async def _store(self, question: Question, answer: LookupAnswer, probe: int) -> None:
        lookups, found = question.lookups, answer.found
        is_certain = found.is_incomplete or not found.is_empty
        choices = [(each, choose(found, each, self._rules)) for each in question.albums]
        await self._buffer.put(
            [_outcome(album, choice, answer, is_certain=is_certain) for album, choice in choices]
        )
        for album, choice in choices:
            match choice:
                case Cover():
                    lookups.covers.add(album.library_id)
                    lookups.settle(None)
                case NoCover(reason) if is_certain:
                    lookups.settle(reason)
                case NoCover(reason):
                    settle = partial(self._settle, lookups, album.library_id, reason)
                    self._probes.verify(probe, settle)

    def _settle(
        self, lookups: RangeLookups, library_id: int, reason: NoCoverReason, is_certain: bool
    ) -> None:
        self._buffer.settle(library_id, is_certain)
        lookups.settle(reason if is_certain else NoCoverReason.UNKNOWN)

    def _settle_stored(
        self, lookups: RangeLookups, library_id: int, reason: NoCoverReason, is_certain: bool
    ) -> None:
        if self.stopped and not is_certain:  # nobody looked: the next run may
            lookups.settle(NoCoverReason.UNKNOWN)
        else:
            self._settle(lookups, library_id, reason, is_certain)

    def _has_answered_others(self, failed: FailedQuestion) -> bool:
        return self._caller.answers > failed.answers_before

    async def _fail_or_refuse(self, failed: FailedQuestion) -> None:
        """Refuse a record only if LML answered about others meanwhile, or does so when asked."""
        error, is_well = failed.error, self._has_answered_others(failed)
        if isinstance(error, LmlRejectedBatch) and not is_well:
            is_well = await self._caller.answers_about(self._look_up_the_control_record)
        if may_be_about_a_record(error) and is_well:
            await self._refuse(failed.question, str(error))
        else:
            self._fail(failed.question, error)

    async def _look_up_the_control_record(self) -> None:
        await self._lml.lookup(CONTROL_RECORD.artist_name, CONTROL_RECORD.album_title)

    async def _refuse(self, question: Question, reason: str) -> None:
        refusal = reason.replace("\0", "\\x00")
        await self._buffer.put(
            [LookupOutcome(album, LML_REFUSED, refusal=refusal) for album in question.albums]
        )
        for album in question.albums:
            question.lookups.refusals[album.library_id] = refusal
            question.lookups.settle(WriteOutcome.LML_REFUSED)

    def _fail(self, question: Question, error: LmlError) -> None:
        question.lookups.error = error
        for _ in question.albums:
            question.lookups.settle(WriteOutcome.LML_ERROR)


def _is_live(answered: tuple[int, LookupResult]) -> bool | None:
    return answered[1].is_live


def _outcome(
    album: Album, choice: Choice, answer: LookupAnswer, *, is_certain: bool
) -> LookupOutcome:
    match choice:
        case Cover(url, confidence):
            return LookupOutcome(album, COVER, url, confidence, answer=answer)
        case NoCover(reason, confidence) if is_certain:
            return LookupOutcome(album, reason, confidence=confidence, answer=answer)
        case NoCover(reason, confidence):
            return LookupOutcome(
                album,
                UNCONFIRMED,
                confidence=confidence,
                outcome_if_confirmed=reason,
                answer=answer,
            )
