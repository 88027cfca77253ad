"""The search for the record that spoils its page, so that it fails alone."""

from collections.abc import Sequence
from typing import Protocol

from wxyc_assets.adapters.lml.errors import LmlError, LmlRejectedBatch, LmlUnavailable
from wxyc_assets.adapters.lml.retry import RetryingCaller, is_doubtful, may_be_about_a_record
from wxyc_assets.domain.batches import bisect, most_failures_in_a_row
from wxyc_assets.domain.candidates import Candidate
from wxyc_assets.flows.identity.batch_result import BatchResult, Page


class Resolver(Protocol):
    """Asks LML about parts of a page."""

    caller: RetryingCaller

    @property
    def stopped(self) -> LmlError | None: ...

    async def resolve_part(
        self, part: Page, result: BatchResult, *, with_retries: bool
    ) -> None: ...

    async def seems_well(self) -> bool: ...

    async def answers_about_the_control_record(self) -> bool: ...


class PoisonRowSearch:
    """Bisects a page, so that a record which spoils its batch fails alone.

    As long as LML answers about no record at all, a lone record is tried only once, too: it is LML
    that is ill. Once it answers about another, the lone record gets all retries.

    A 422 or a 500 is taken for the record's fault at that. A timeout, a closed connection or a 502
    to 504 is so only `with_doubts`: the record is tried once more, after all others, and LML has to
    say that it is well.
    """

    def __init__(
        self, resolver: Resolver, result: BatchResult, *, with_doubts: bool = False
    ) -> None:
        self._resolver = resolver
        self._result = result
        self._with_doubts = with_doubts
        self._tried_once: list[Page] = []
        self._suspects: dict[Candidate, LmlError] = {}
        """Records that failed alone, in spite of retries, after the last answer about others."""
        self._doubtful: dict[Candidate, LmlError] = {}
        """Records that failed alone, of which only another attempt can tell."""
        self._failed_in_a_row = 0
        self._most_failures = 0
        self._gave_up: LmlError | None = None

    async def run(self, page: Page, error: LmlError) -> None:
        """Find an answer, a refusal or an error for each of these records, which failed so."""
        self._most_failures = most_failures_in_a_row(
            len(page), bad_neighbours=1 if self._with_doubts else 2
        )
        for record, reason in (await bisect(page, self._try, error)).items():
            self._suspect(record, reason)
        tried_once, self._tried_once = self._tried_once, []
        for part in tried_once:
            if self._lml_is_well:
                await self._try(part)
            else:
                self._result.fail(part, error)
        await self._classify_suspects(lml_is_well=self._lml_is_well)
        await self._confirm(tuple(self._doubtful.items()))

    @property
    def _lml_is_well(self) -> bool:
        return self._resolver.caller.answers > self._result.answers_before

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
            self._classify(lml_is_well=True)
        return None

    def _is_hopeless(self, error: LmlError) -> bool:
        if not isinstance(error, LmlUnavailable | LmlRejectedBatch) or self._resolver.stopped:
            return True
        return self._failed_in_a_row > self._most_failures

    def _fail_alone(self, part: Page, error: LmlError, *, was_retried: bool) -> None:
        if isinstance(error, LmlUnavailable) and not was_retried:
            self._tried_once.append(part)
        else:
            self._suspect(part[0], error)

    def _suspect(self, record: Candidate, error: LmlError) -> None:
        if may_be_about_a_record(error):
            self._suspects[record] = error
        elif self._with_doubts and is_doubtful(error):
            self._doubtful[record] = error
        else:
            self._result.fail([record], error)

    async def _give_up(self, part: Page, error: LmlError) -> None:
        self._gave_up = error
        await self._classify_suspects(lml_is_well=False)
        for each in (part, *self._tried_once, *([record] for record in self._doubtful)):
            self._result.fail(each, error)
        self._tried_once.clear()
        self._doubtful.clear()

    async def _classify_suspects(self, *, lml_is_well: bool) -> None:
        """If LML is not known to be well, a control record shows whether it rejects everything."""
        are_rejected = any(isinstance(each, LmlRejectedBatch) for each in self._suspects.values())
        if are_rejected and not lml_is_well:
            lml_is_well = await self._resolver.answers_about_the_control_record()
        self._classify(lml_is_well=lml_is_well)

    def _classify(self, *, lml_is_well: bool) -> None:
        """Refuse a record that LML rejects or fails over alone, while it answers about others.

        From an LML that answers about nothing, an error says nothing about the record, which would
        then wait for weeks to be retried.
        """
        for record, error in self._suspects.items():
            if lml_is_well:
                self._result.refusals[record] = str(error)
            else:
                self._result.fail([record], error)
        self._suspects.clear()

    async def _confirm(self, doubtful: Sequence[tuple[Candidate, LmlError]]) -> None:
        """Try each of these records once more; refuse it only if LML is well in spite of it."""
        for record, error in doubtful:
            if not self._lml_is_well or self._resolver.stopped:
                self._result.fail([record], error)
                continue
            try:
                await self._resolver.resolve_part([record], self._result, with_retries=True)
            except LmlError as again:
                if is_doubtful(again) and await self._resolver.seems_well():
                    self._result.refusals[record] = str(again)
                else:
                    self._result.fail([record], again)
