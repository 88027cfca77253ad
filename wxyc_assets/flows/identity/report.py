"""The account of one range: every library row once, by its final outcome."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.domain.answers import outcome_of
from wxyc_assets.domain.candidates import Cohort
from wxyc_assets.domain.counters import UNANSWERED, Outcome, Tally, by_cohort
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.identity.apply_answers import ApplyResult
from wxyc_assets.flows.identity.batch_resolver import BatchResult

NULL_CONFIDENCES = "source_rows_skipped_null_confidence"
"""Provenance entries, not library rows."""


@dataclass(slots=True)
class IdentityReport:
    """What became of one range; refusals and write errors by library id."""

    id_range: IdRange
    tallies: dict[Cohort, Tally] = field(default_factory=lambda: {each: Tally() for each in Cohort})
    refusals: dict[int, str] = field(default_factory=dict[int, str])
    write_errors: dict[int, str] = field(default_factory=dict[int, str])
    error: LmlError | None = None
    dated_late: int = 0
    """Answers counted by an earlier run, whose attempt was to be dated now."""

    @property
    def wrote(self) -> bool:
        """Whether any table may have changed."""
        return self.total.scanned + self.dated_late > 0

    @property
    def open_rows(self) -> int:
        """Library rows that LML still owes an answer."""
        return sum(t.outcomes[each] for t in self.tallies.values() for each in UNANSWERED)

    @property
    def why_open(self) -> str:
        """How many rows have no answer, by kind, and the last error."""
        counts = {each: self.total.outcomes[each] for each in sorted(UNANSWERED)}
        parts = [
            f"{n} {each.value.removeprefix('rows_skipped.')}" for each, n in counts.items() if n
        ]
        return ", ".join(parts) + (f" ({self.error})" if self.error else "")

    @property
    def total(self) -> Tally:
        """Both cohorts together."""
        total = Tally()
        for tally in self.tallies.values():
            total.add(tally)
        return total

    def figures(self) -> dict[str, float]:
        """Every counter by the name that the station's dashboards know it by, cohort by cohort."""
        return by_cohort(self.tallies)


def build_report(
    id_range: IdRange, asked: Sequence[BatchResult], applied: ApplyResult | None
) -> IdentityReport:
    """The report of a range; without `applied`, answers count as what they will become.

    Raises MiscountedRows when a row was lost or counted twice.
    """
    report = IdentityReport(id_range)
    for each in asked:
        _count_page(report, each, answers_count=applied is None)
    if applied is not None:
        _count_applied(report, asked, applied)
    for tally in report.tallies.values():
        tally.check()
    return report


def _count_page(report: IdentityReport, asked: BatchResult, *, answers_count: bool) -> None:
    tally = report.tallies[asked.page[0].cohort]
    tally.latencies_ms.extend(asked.latencies_ms)
    tally.outcomes.update(asked.unanswered.values())
    tally.outcomes[Outcome.LML_REFUSED] += len(asked.refusals)
    tally.scanned += len(asked.page)
    for answers in asked.answers:
        tally.details["unstorable_values"] += sum(len(a.unstorable) for a in answers.answered)
        tally.details["untrusted_results"] += answers.untrusted
        if answers_count:
            tally.details[NULL_CONFIDENCES] += sum(a.null_confidences for a in answers.answered)
            tally.outcomes.update(
                outcome_of(each.kind, is_matched=each.is_matched(answers.tracks_contract_version))
                for each in answers.answered
            )
    report.refusals.update({row.library_id: why for row, why in asked.refusals.items()})
    report.error = report.error or asked.error


def _count_applied(
    report: IdentityReport, asked: Sequence[BatchResult], applied: ApplyResult
) -> None:
    report.dated_late = applied.dated_late
    report.write_errors.update(applied.write_errors)
    answered = {
        answer.library_id: each.page[0].cohort
        for each in asked
        for answers in each.answers
        for answer in answers.answered
    }
    for each in applied.answers:
        tally = report.tallies[each.cohort]
        is_unwritten = each.library_id in applied.write_errors
        outcome = outcome_of(each.kind, is_matched=each.is_matched)
        tally.outcomes[Outcome.WRITER_ERROR if is_unwritten else outcome] += 1
        tally.details[NULL_CONFIDENCES] += each.null_confidences
        if answered.pop(each.library_id, None) is None:
            tally.scanned += 1  # its answer was waiting since an earlier run
    for cohort in answered.values():
        report.tallies[cohort].scanned -= 1  # its record was deleted or renamed meanwhile
    for cohort, details in applied.details.items():
        report.tallies[cohort].details.update(details)
