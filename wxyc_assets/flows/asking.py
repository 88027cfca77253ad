"""Asking LML about pages of library rows: patiently, in order of blame, and never in a flood."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from wxyc_assets.adapters.lml import (
    Lml,
    LmlError,
    LmlRejectedBatch,
    LmlUnavailable,
    Resolved,
)
from wxyc_assets.adapters.lml_wire import Answers
from wxyc_assets.domain.bisection import halves, most_failures_in_a_row
from wxyc_assets.domain.candidates import Candidate
from wxyc_assets.domain.counters import Outcome
from wxyc_assets.flows.trying import LONGEST_RETRY_AFTER_SECONDS as LONGEST_RETRY_AFTER_SECONDS
from wxyc_assets.flows.trying import Patience, Trier, may_be_about_a_row

Page = Sequence[Candidate]


@dataclass(slots=True)
class Asked:
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


class Asker:
    """Asks page by page until LML is down or says no to us; then `stopped` says why."""

    def __init__(
        self, lml: Lml, patience: Patience, keep: Callable[[Page, Answers], Awaitable[None]]
    ) -> None:
        self._lml = lml
        self._trier = Trier(patience)
        self._keep = keep

    @property
    def stopped(self) -> LmlError | None:
        return self._trier.stopped

    async def ask(self, page: Page) -> Asked:
        """Everything that LML says about a page; answers are kept as they come."""
        asked = Asked(page)
        if self.stopped:
            asked.fail(page, self.stopped)
            return asked
        answers_before = self._trier.answers
        try:
            await self._ask_patiently(page, asked)
        except LmlError as error:
            if may_be_about_a_row(error):
                suspects = await self._isolate(page, error, asked)
                _blame(suspects, asked, lml_is_well=self._trier.answers > answers_before)
            else:
                asked.fail(page, error)
        self._trier.consider_stopping(asked.error)
        return asked

    async def _isolate(
        self, page: Page, error: LmlError, asked: Asked
    ) -> dict[Candidate, LmlError]:
        """Asks about ever smaller parts, so that a row which spoils its batch ends alone.

        Returns the rows that failed alone after the last answer to the others.
        """
        if len(page) == 1:
            return {page[0]: error}
        suspects: dict[Candidate, LmlError] = {}
        parts = deque(halves(page))
        failed_in_a_row = 0
        while parts:
            part = parts.popleft()
            try:
                await (self._ask_patiently if len(part) == 1 else self._ask_once)(part, asked)
                failed_in_a_row = 0
                _blame(suspects, asked, lml_is_well=True)
            except (LmlUnavailable, LmlRejectedBatch) as trouble:
                failed_in_a_row += 1
                if self.stopped or failed_in_a_row > most_failures_in_a_row(len(page)):
                    _blame(suspects, asked, lml_is_well=False)
                    asked.fail([each for rest in (part, *parts) for each in rest], trouble)
                    break
                if len(part) > 1:
                    parts.extendleft(reversed(halves(part)))
                elif may_be_about_a_row(trouble):
                    suspects[part[0]] = trouble
                else:
                    asked.fail(part, trouble)
            except LmlError as trouble:
                _blame(suspects, asked, lml_is_well=False)
                asked.fail([each for rest in (part, *parts) for each in rest], trouble)
                break
        return suspects

    async def _ask_patiently(self, page: Page, asked: Asked) -> None:
        resolved = await self._trier.patiently(partial(self._lml.resolve, page))
        await self._settle(page, resolved, asked)

    async def _ask_once(self, page: Page, asked: Asked) -> None:
        resolved = await self._trier.once(partial(self._lml.resolve, page))
        await self._settle(page, resolved, asked)

    async def _settle(self, page: Page, resolved: Resolved, asked: Asked) -> None:
        await self._keep(page, resolved.answers)
        _take(resolved, asked)


def _blame(suspects: dict[Candidate, LmlError], asked: Asked, *, lml_is_well: bool) -> None:
    """A row is refused when LML rejects it alone, or fails over it while it answers others.

    A 500 from an LML that answers nobody says nothing about the row, which would rest for weeks.
    """
    for row, error in suspects.items():
        if lml_is_well or isinstance(error, LmlRejectedBatch):
            asked.refusals[row] = str(error)
        else:
            asked.fail([row], error)
    suspects.clear()


def _take(resolved: Resolved, asked: Asked) -> None:
    answers = resolved.answers
    asked.answers.append(answers)
    asked.latencies_ms.append(resolved.latency_ms)
    asked.unanswered.update(dict.fromkeys(answers.malformed, Outcome.LML_ERROR))
    left_out = Outcome.UNTRUSTED_LIBRARY_ID if answers.untrusted else Outcome.CARDINALITY_MISMATCH
    asked.unanswered.update(dict.fromkeys(answers.unanswered, left_out))
