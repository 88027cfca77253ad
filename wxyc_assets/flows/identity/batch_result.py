"""The result of asking LML about one page of library records."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from wxyc_assets.adapters.lml.bulk_resolve import Answers
from wxyc_assets.adapters.lml.client import ResolveResult
from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.adapters.lml.retry import is_doubtful
from wxyc_assets.domain.answers import are_few
from wxyc_assets.domain.candidates import Candidate
from wxyc_assets.domain.counters import Outcome

Page = Sequence[Candidate]


@dataclass(slots=True)
class BatchResult:
    """LML's answers about a page, which holds records of one cohort."""

    page: Page
    answers: list[Answers] = field(default_factory=list[Answers])
    answers_before: int = 0
    """Number of calls that LML had answered when it was first asked about the page."""
    refusals: dict[Candidate, str] = field(default_factory=dict[Candidate, str])
    unanswered: dict[int, Outcome] = field(default_factory=dict[int, Outcome])
    invalid: dict[int, str] = field(default_factory=dict[int, str])
    """Records whose answers break LML's contract, each with the reason; nothing is stored."""
    latencies_ms: list[float] = field(default_factory=list[float])
    error: LmlError | None = None
    doubtful: list[Candidate] = field(default_factory=list[Candidate])
    """Unanswered records that may be to blame themselves, by the kind of the error."""

    def fail(self, page: Page, error: LmlError) -> None:
        """Leave these records unanswered because of `error`."""
        self.unanswered.update(dict.fromkeys((each.library_id for each in page), Outcome.LML_ERROR))
        self.error = error
        if is_doubtful(error):
            self.doubtful.extend(page)

    def take_doubtful(self) -> Page:
        """Return the doubtful records, and no longer count them as unanswered."""
        taken, self.doubtful = self.doubtful, []
        for each in taken:
            del self.unanswered[each.library_id]
        return taken

    def add(self, resolved: ResolveResult) -> None:
        """Add the answer about a part of the page."""
        answers = resolved.answers
        self.answers.append(answers)
        self.latencies_ms.append(resolved.latency_ms)
        self._add_invalid(answers)
        is_untrusted = bool(answers.untrusted)
        left_out = Outcome.UNTRUSTED_LIBRARY_ID if is_untrusted else Outcome.CARDINALITY_MISMATCH
        self.unanswered.update(dict.fromkeys(answers.unanswered, left_out))

    def _add_invalid(self, answers: Answers) -> None:
        """Leave out the answers that break the contract; with more than a few, the range is open.

        That LML has a new term is no reason to distrust the rest, so there is no `error` to stop.
        """
        invalid = answers.invalid | answers.unwritable
        are_tolerated = are_few(len(invalid), of=len(answers.answered) + len(invalid))
        outcome = Outcome.LML_INVALID if are_tolerated else Outcome.LML_ERROR
        self.unanswered.update(dict.fromkeys(invalid, outcome))
        self.invalid.update(invalid)

    def counters(self) -> dict[str, int | str]:
        """The counters of the page for a log line."""
        kinds = Counter(each.kind for answers in self.answers for each in answers.answered)
        return {
            "cohort": self.page[0].cohort,
            "scanned": len(self.page),
            **kinds,
            "lml_refused": len(self.refusals),
            "unanswered": len(self.unanswered),
            "lml_total_calls": len(self.latencies_ms),
            "lml_total_latency_ms": round(sum(self.latencies_ms)),
        }
