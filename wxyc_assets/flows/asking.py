"""Asking LML about pages of library rows: patiently, in order of blame, and never in a flood."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import stamina

from wxyc_assets.adapters.lml import (
    Lml,
    LmlContractBroken,
    LmlError,
    LmlRefused,
    LmlRejectedBatch,
    LmlUnavailable,
    LmlUnreachable,
    Resolved,
)
from wxyc_assets.adapters.lml_wire import Answers
from wxyc_assets.domain.bisection import halves, most_failures_in_a_row
from wxyc_assets.domain.candidates import Candidate
from wxyc_assets.domain.counters import Outcome

PAGES_FAILED_IN_A_ROW = 3
LONGEST_RETRY_AFTER_SECONDS = 300.0

Page = Sequence[Candidate]


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is tried, and how long we wait between (seconds, doubling, plus jitter)."""

    attempts: int = 4
    first_wait: float = 0.5
    longest_wait: float = 30.0
    jitter: float = 1.0


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
        self._patience = patience
        self._keep = keep
        self._has_answered = False
        self._failed_in_a_row = 0
        self.stopped: LmlError | None = None

    async def ask(self, page: Page) -> Asked:
        """Everything that LML says about a page; answers are kept as they come."""
        asked = Asked(page)
        if self.stopped:
            asked.fail(page, self.stopped)
            return asked
        try:
            await self._ask_patiently(page, asked)
        except LmlError as error:
            if _may_be_about_a_row(error):
                await self._isolate(page, error, asked)
            else:
                asked.fail(page, error)
        self._consider_stopping(asked)
        return asked

    def _consider_stopping(self, asked: Asked) -> None:
        error = asked.error
        self._failed_in_a_row = self._failed_in_a_row + 1 if error else 0
        if error is None:
            return
        is_final = isinstance(error, LmlRefused) and not isinstance(
            error, LmlContractBroken | LmlRejectedBatch
        )
        is_nowhere = isinstance(error, LmlUnreachable) and not self._has_answered
        if is_final or is_nowhere or self._failed_in_a_row >= PAGES_FAILED_IN_A_ROW:
            self.stopped = self.stopped or error

    async def _isolate(self, page: Page, error: LmlError, asked: Asked) -> None:
        """Asks about ever smaller parts, so that a row which spoils its batch ends alone."""
        if len(page) == 1:
            asked.refusals[page[0]] = str(error)
            return
        parts = deque(halves(page))
        failed_in_a_row = 0
        while parts:
            part = parts.popleft()
            try:
                await (self._ask_patiently if len(part) == 1 else self._ask_once)(part, asked)
                failed_in_a_row = 0
            except (LmlUnavailable, LmlRejectedBatch) as trouble:
                failed_in_a_row += 1
                if self.stopped or failed_in_a_row > most_failures_in_a_row(len(page)):
                    asked.fail([each for rest in (part, *parts) for each in rest], trouble)
                    return
                if len(part) > 1:
                    parts.extendleft(reversed(halves(part)))
                elif _may_be_about_a_row(trouble):
                    asked.refusals[part[0]] = str(trouble)
                else:
                    asked.fail(part, trouble)
            except LmlError as trouble:
                asked.fail([each for rest in (part, *parts) for each in rest], trouble)
                return

    async def _ask_patiently(self, page: Page, asked: Asked) -> None:
        patience = self._patience
        async for attempt in stamina.retry_context(
            on=self._wait_before_next,
            attempts=patience.attempts,
            timeout=None,
            wait_initial=patience.first_wait,
            wait_max=patience.longest_wait,
            wait_jitter=patience.jitter,
        ):
            with attempt:
                await self._ask_once(page, asked)

    def _wait_before_next(self, error: Exception) -> bool | float:
        if not isinstance(error, LmlUnavailable) or self.stopped:
            return False
        if isinstance(error, LmlUnreachable) and not self._has_answered:
            return False
        if error.retry_after is not None:
            return min(error.retry_after, LONGEST_RETRY_AFTER_SECONDS)
        return True

    async def _ask_once(self, page: Page, asked: Asked) -> None:
        resolved = await self._lml.resolve(page)
        self._has_answered = True
        await self._keep(page, resolved.answers)
        _take(resolved, asked)


def _may_be_about_a_row(error: LmlError) -> bool:
    """A poison row is a 422, or a 500 for its whole batch on every attempt (LML's contract)."""
    return isinstance(error, LmlRejectedBatch) or (
        isinstance(error, LmlUnavailable) and error.status == 500
    )


def _take(resolved: Resolved, asked: Asked) -> None:
    answers = resolved.answers
    asked.answers.append(answers)
    asked.latencies_ms.append(resolved.latency_ms)
    asked.unanswered.update(dict.fromkeys(answers.malformed, Outcome.LML_ERROR))
    left_out = Outcome.UNTRUSTED_LIBRARY_ID if answers.untrusted else Outcome.CARDINALITY_MISMATCH
    asked.unanswered.update(dict.fromkeys(answers.unanswered, left_out))
