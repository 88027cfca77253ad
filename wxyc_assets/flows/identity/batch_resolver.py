"""Asking LML about pages of library records, with retries and a search for poison rows."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from wxyc_assets.adapters.lml.bulk_resolve import Answers
from wxyc_assets.adapters.lml.client import LmlClient, ResolveResult
from wxyc_assets.adapters.lml.errors import (
    LmlError,
    LmlRejectedBatch,
    LmlUnavailable,
)
from wxyc_assets.adapters.lml.retry import RetryingCaller, RetryPolicy, may_be_about_a_record
from wxyc_assets.domain.batches import bisect, most_failures_in_a_row
from wxyc_assets.domain.candidates import CONTROL_RECORD, Candidate
from wxyc_assets.domain.counters import Outcome

Page = Sequence[Candidate]
StoreAnswers = Callable[[Page, Answers], Awaitable[None]]


@dataclass(slots=True)
class BatchResult:
    """LML's answers about a page, which holds records of one cohort."""

    page: Page
    answers: list[Answers] = field(default_factory=list[Answers])
    refusals: dict[Candidate, str] = field(default_factory=dict[Candidate, str])
    unanswered: dict[int, Outcome] = field(default_factory=dict[int, Outcome])
    latencies_ms: list[float] = field(default_factory=list[float])
    error: LmlError | None = None

    def fail(self, page: Page, error: LmlError) -> None:
        """Leave these records unanswered because of `error`."""
        self.unanswered.update(dict.fromkeys((each.library_id for each in page), Outcome.LML_ERROR))
        self.error = error

    def add(self, resolved: ResolveResult) -> None:
        """Add the answer about a part of the page."""
        answers = resolved.answers
        self.answers.append(answers)
        self.latencies_ms.append(resolved.latency_ms)
        self.unanswered.update(dict.fromkeys(answers.malformed, Outcome.LML_ERROR))
        is_untrusted = bool(answers.untrusted)
        left_out = Outcome.UNTRUSTED_LIBRARY_ID if is_untrusted else Outcome.CARDINALITY_MISMATCH
        self.unanswered.update(dict.fromkeys(answers.unanswered, left_out))


class BatchResolver:
    """Asks page by page until LML is down or refuses us; then `stopped` says why.

    At most `max_in_flight` calls are in flight, however many pages are handed in.
    """

    def __init__(
        self,
        lml: LmlClient,
        retry_policy: RetryPolicy,
        store_answers: StoreAnswers | None = None,
        *,
        max_in_flight: int,
    ) -> None:
        self._lml = lml
        self._store_answers = store_answers
        self._in_flight = asyncio.Semaphore(max_in_flight)
        self.caller = RetryingCaller(retry_policy)

    @property
    def stopped(self) -> LmlError | None:
        return self.caller.stopped

    async def resolve(self, page: Page) -> BatchResult:
        """Return all that LML says about a page; answers are stored as they arrive."""
        result = BatchResult(page)
        answers_before = self.caller.answers
        try:
            await self.resolve_part(page, result, with_retries=True)
        except LmlError as error:
            if may_be_about_a_record(error) and not self.stopped:
                await _PoisonRowSearch(self, result, answers_before).run(error)
            else:
                result.fail(page, error)
        self.caller.consider_stopping(result.error)
        return result

    async def resolve_part(self, part: Page, result: BatchResult, *, with_retries: bool) -> None:
        """Add LML's answer about a part of a page to `result`; raises LmlError.

        The place in flight is free again while the answers are stored.
        """
        async with self._in_flight:
            if self.stopped:
                raise self.stopped
            call = self.caller.with_retries if with_retries else self.caller.once
            resolved = await call(partial(self._lml.resolve, part))
        if self._store_answers:
            await self._store_answers(part, resolved.answers)
        result.add(resolved)

    async def answers_about_the_control_record(self) -> bool:
        """Ask once about a record that LML can answer about; return True if it does."""
        async with self._in_flight:
            return await self.caller.answers_about(partial(self._lml.resolve, [CONTROL_RECORD]))


class _PoisonRowSearch:
    """Bisects a page, so that a record which spoils its batch fails alone.

    As long as LML answers about no record at all, a lone record is tried only once, too: it is LML
    that is ill. Once it answers about another, the lone record gets all retries.
    """

    def __init__(self, resolver: BatchResolver, result: BatchResult, answers_before: int) -> None:
        self._resolver = resolver
        self._result = result
        self._answers_before = answers_before
        self._tried_once: list[Page] = []
        self._suspects: dict[Candidate, LmlError] = {}
        """Records that failed alone, in spite of retries, after the last answer about others."""
        self._failed_in_a_row = 0
        self._gave_up: LmlError | None = None

    async def run(self, error: LmlError) -> None:
        """Find an answer, a refusal or an error for each record of a page that failed so."""
        self._suspects |= await bisect(self._result.page, self._try, error)
        tried_once, self._tried_once = self._tried_once, []
        for part in tried_once:
            if self._lml_is_well:
                await self._try(part)
            else:
                self._result.fail(part, error)
        await self._classify_suspects(lml_is_well=self._lml_is_well)

    async def _classify_suspects(self, *, lml_is_well: bool) -> None:
        """If LML is not known to be well, a control record shows whether it rejects everything."""
        are_rejected = any(isinstance(each, LmlRejectedBatch) for each in self._suspects.values())
        if are_rejected and not lml_is_well:
            lml_is_well = await self._resolver.answers_about_the_control_record()
        _classify(self._suspects, self._result, lml_is_well=lml_is_well)

    @property
    def _lml_is_well(self) -> bool:
        return self._resolver.caller.answers > self._answers_before

    async def _try(self, part: Page) -> LmlError | None:
        """Try a part; return the error of one that is to be halved."""
        if self._gave_up:
            self._result.fail(part, self._gave_up)
            return None
        with_retries = len(part) == 1 and self._lml_is_well
        try:
            await self._resolver.resolve_part(part, self._result, with_retries=with_retries)
        except LmlError as error:
            self._failed_in_a_row += 1
            if self._is_hopeless(error):
                await self._give_up(part, error)
            elif len(part) > 1:
                return error
            else:
                self._fail_alone(part, error, was_retried=with_retries)
        else:
            self._failed_in_a_row = 0
            _classify(self._suspects, self._result, lml_is_well=True)
        return None

    def _is_hopeless(self, error: LmlError) -> bool:
        if not isinstance(error, LmlUnavailable | LmlRejectedBatch) or self._resolver.stopped:
            return True
        return self._failed_in_a_row > most_failures_in_a_row(len(self._result.page))

    def _fail_alone(self, part: Page, error: LmlError, *, was_retried: bool) -> None:
        if isinstance(error, LmlUnavailable) and not was_retried:
            self._tried_once.append(part)
        elif may_be_about_a_record(error):
            self._suspects[part[0]] = error
        else:
            self._result.fail(part, error)

    async def _give_up(self, part: Page, error: LmlError) -> None:
        self._gave_up = error
        await self._classify_suspects(lml_is_well=False)
        for each in (part, *self._tried_once):
            self._result.fail(each, error)
        self._tried_once.clear()


def _classify(
    suspects: dict[Candidate, LmlError], result: BatchResult, *, lml_is_well: bool
) -> None:
    """Refuse a record that LML rejects or fails over alone, while it answers about others.

    From an LML that answers about nothing, an error says nothing about the record, which would then
    wait for weeks to be retried.
    """
    for record, error in suspects.items():
        if lml_is_well:
            result.refusals[record] = str(error)
        else:
            result.fail([record], error)
    suspects.clear()
