"""Asking LML about pages of library rows: patiently, in order of blame, and never in a flood."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from wxyc_assets.adapters.lml.bulk_resolve import Answers
from wxyc_assets.adapters.lml.client import LmlClient, ResolveResult
from wxyc_assets.adapters.lml.errors import LmlError, LmlRejectedBatch, LmlUnavailable
from wxyc_assets.adapters.lml.retry import (
    LONGEST_RETRY_AFTER_SECONDS as LONGEST_RETRY_AFTER_SECONDS,
)
from wxyc_assets.adapters.lml.retry import RetryingCaller, RetryPolicy, may_be_about_a_record
from wxyc_assets.domain.batches import halves, most_failures_in_a_row
from wxyc_assets.domain.candidates import Candidate
from wxyc_assets.domain.counters import Outcome

Page = Sequence[Candidate]


@dataclass(slots=True)
class BatchResult:
    """What came of asking about a page, which holds rows of one cohort."""

    page: Page
    answers: list[Answers] = field(default_factory=list[Answers])
    refusals: dict[Candidate, str] = field(default_factory=dict[Candidate, str])
    unanswered: dict[int, Outcome] = field(default_factory=dict[int, Outcome])
    latencies_ms: list[float] = field(default_factory=list[float])
    error: LmlError | None = None

    def fail(self, page: Page, error: LmlError) -> None:
        """Notes that these rows stay unanswered, and why."""
        self.unanswered.update(dict.fromkeys((each.library_id for each in page), Outcome.LML_ERROR))
        self.error = error


class BatchResolver:
    """Asks page by page until LML is down or says no to us; then `stopped` says why.

    `max_in_flight` pages are being asked about at any time, however many are handed in.
    """

    def __init__(
        self,
        lml: LmlClient,
        patience: RetryPolicy,
        keep: Callable[[Page, Answers], Awaitable[None]],
        *,
        max_in_flight: int,
    ) -> None:
        self._lml = lml
        self._keep = keep
        self._in_flight = asyncio.Semaphore(max_in_flight)
        self.trier = RetryingCaller(patience)

    @property
    def stopped(self) -> LmlError | None:
        return self.trier.stopped

    async def ask(self, page: Page) -> BatchResult:
        """Everything that LML says about a page; answers are kept as they come."""
        asked = BatchResult(page)
        answers_before = self.trier.answers
        try:
            await self.ask_part(page, asked, patiently=True)
        except LmlError as error:
            if may_be_about_a_record(error) and not self.stopped:
                await _PoisonRowSearch(self, asked, answers_before).run(error)
            else:
                asked.fail(page, error)
        self.trier.consider_stopping(asked.error)
        return asked

    async def ask_part(self, part: Page, asked: BatchResult, *, patiently: bool) -> None:
        """Adds what LML says about a part of a page; raises LmlError.

        The place in flight is free again while the answers are kept.
        """
        async with self._in_flight:
            if self.stopped:
                raise self.stopped
            attempt = self.trier.with_retries if patiently else self.trier.once
            resolved = await attempt(partial(self._lml.resolve, part))
        await self._keep(part, resolved.answers)
        _take(resolved, asked)


class _PoisonRowSearch:
    """Asks about ever smaller parts of a page, so that a row which spoils its batch ends alone.

    As long as LML answers nobody at all, a row alone is tried only once, too: it is LML that is
    ill. When somebody is answered, such a row gets all the patience that there is.
    """

    def __init__(self, asker: BatchResolver, asked: BatchResult, answers_before: int) -> None:
        self._asker = asker
        self._asked = asked
        self._answers_before = answers_before
        self._parts: deque[Page] = deque()
        self._tried_once: list[Page] = []
        self._suspects: dict[Candidate, LmlError] = {}
        """Rows that failed alone, in spite of patience, after the last answer to the others."""
        self._failed_in_a_row = 0

    async def run(self, error: LmlError) -> None:
        """Gets an answer, a refusal or a reason for each row of a page that failed so."""
        page = self._asked.page
        if len(page) == 1:
            self._suspects[page[0]] = error
        else:
            self._parts.extend(halves(page))
        while self._parts:
            await self._ask(self._parts.popleft())
            if self._tried_once and self._lml_is_well:
                self._parts.extend(self._tried_once)
                self._tried_once.clear()
        for part in self._tried_once:
            self._asked.fail(part, error)
        _classify(self._suspects, self._asked, lml_is_well=self._lml_is_well)

    @property
    def _lml_is_well(self) -> bool:
        return self._asker.trier.answers > self._answers_before

    async def _ask(self, part: Page) -> None:
        patiently = len(part) == 1 and self._lml_is_well
        try:
            await self._asker.ask_part(part, self._asked, patiently=patiently)
        except (LmlUnavailable, LmlRejectedBatch) as trouble:
            self._failed_in_a_row += 1
            most = most_failures_in_a_row(len(self._asked.page))
            if self._asker.stopped or self._failed_in_a_row > most:
                self._give_up(part, trouble)
            elif len(part) > 1:
                self._parts.extendleft(reversed(halves(part)))
            elif isinstance(trouble, LmlUnavailable) and not patiently:
                self._tried_once.append(part)
            elif may_be_about_a_record(trouble):
                self._suspects[part[0]] = trouble
            else:
                self._asked.fail(part, trouble)
        except LmlError as trouble:
            self._give_up(part, trouble)
        else:
            self._failed_in_a_row = 0
            _classify(self._suspects, self._asked, lml_is_well=True)

    def _give_up(self, part: Page, error: LmlError) -> None:
        _classify(self._suspects, self._asked, lml_is_well=False)
        rest = (part, *self._parts, *self._tried_once)
        self._asked.fail([each for page in rest for each in page], error)
        self._parts.clear()
        self._tried_once.clear()


def _classify(
    suspects: dict[Candidate, LmlError], asked: BatchResult, *, lml_is_well: bool
) -> None:
    """A row is refused when LML rejects it alone, or fails over it while it answers others.

    A 500 from an LML that answers nobody says nothing about the row, which would rest for weeks.
    """
    for row, error in suspects.items():
        if lml_is_well or isinstance(error, LmlRejectedBatch):
            asked.refusals[row] = str(error)
        else:
            asked.fail([row], error)
    suspects.clear()


def _take(resolved: ResolveResult, asked: BatchResult) -> None:
    answers = resolved.answers
    asked.answers.append(answers)
    asked.latencies_ms.append(resolved.latency_ms)
    asked.unanswered.update(dict.fromkeys(answers.malformed, Outcome.LML_ERROR))
    left_out = Outcome.UNTRUSTED_LIBRARY_ID if answers.untrusted else Outcome.CARDINALITY_MISMATCH
    asked.unanswered.update(dict.fromkeys(answers.unanswered, left_out))
