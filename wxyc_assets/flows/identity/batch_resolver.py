"""Asking LML about pages of library records, with retries and a search for poison rows."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from wxyc_assets.adapters.lml.bulk_resolve import Answers
from wxyc_assets.adapters.lml.client import LmlClient
from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.adapters.lml.retry import (
    GiveWay,
    RetryingCaller,
    RetryPolicy,
    may_be_about_a_record,
    seems_well,
)
from wxyc_assets.domain.candidates import CONTROL_RECORD
from wxyc_assets.flows.identity.batch_result import BatchResult, Page
from wxyc_assets.flows.identity.poison_row_search import PoisonRowSearch
from wxyc_assets.telemetry import logs

UNKNOWN_TERMS_SHOWN = 10

StoreAnswers = Callable[[Page, Answers], Awaitable[None]]


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
        give_way: GiveWay | None = None,
    ) -> None:
        self._lml = lml
        self._store_answers = store_answers
        self._in_flight = asyncio.Semaphore(max_in_flight)
        self._terms_warned_of: set[str] = set()
        self.caller = RetryingCaller(retry_policy, give_way)

    @property
    def stopped(self) -> LmlError | None:
        return self.caller.stopped

    async def resolve(self, page: Page) -> BatchResult:
        """Return all that LML says about a page; answers are stored as they arrive.

        A page that LML may merely be too slow for is left to `resolve_doubtful`.
        """
        result = BatchResult(page, answers_before=self.caller.answers)
        try:
            await self.resolve_part(page, result, with_retries=True)
        except LmlError as error:
            if may_be_about_a_record(error) and not self.stopped:
                await PoisonRowSearch(self, result).run(page, error)
            else:
                result.fail(page, error)
        self.caller.consider_stopping(result.error)
        return result

    async def resolve_doubtful(self, result: BatchResult) -> None:
        """Ask again, in ever smaller parts, about the records that may be to blame themselves.

        To be called once the pages beside it are done, so that an LML which was slow has had time.
        Adds answers and refusals to `result`; the rest of the records stays unanswered.
        """
        if not result.doubtful or self.stopped or not await self.seems_well():
            return
        error = result.error
        assert error is not None
        result.error = None
        await PoisonRowSearch(self, result, with_doubts=True).run(result.take_doubtful(), error)
        self.caller.consider_stopping(result.error)

    async def seems_well(self) -> bool:
        """Return True if LML says that it is at work."""
        return await seems_well(self._lml)

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
        self._warn_of_unknown_terms(resolved.answers)

    def _warn_of_unknown_terms(self, answers: Answers) -> None:
        """Log each term that the contract does not name once, and no more than a few."""
        for term in answers.unknown_terms.keys() - self._terms_warned_of:
            if len(self._terms_warned_of) == UNKNOWN_TERMS_SHOWN:
                return
            self._terms_warned_of.add(term)
            logs.logger().warning(
                "LML uses a term that its contract does not name; what it marks is not written",
                term=term,
            )

    async def answers_about_the_control_record(self) -> bool:
        """Ask once about a record that LML can answer about; return True if it does."""
        async with self._in_flight:
            return await self.caller.answers_about(partial(self._lml.resolve, [CONTROL_RECORD]))
