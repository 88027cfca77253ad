"""The report of one range: every library record once, by its final outcome."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from wxyc_assets.adapters.postgres.identity_store import REJECTED, TABLES, RangeCounts
from wxyc_assets.domain.answers import outcome_of
from wxyc_assets.domain.candidates import Cohort
from wxyc_assets.domain.counters import IdentityTally, Outcome, by_cohort
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.identity.apply_answers import ApplyResult
from wxyc_assets.flows.identity.batch_result import BatchResult
from wxyc_assets.flows.range_report import RangeReport

NULL_CONFIDENCES = "source_rows_skipped_null_confidence"
"""Provenance entries, not library records."""


@dataclass(slots=True, kw_only=True)
class IdentityReport(RangeReport):
    """The outcomes of one range, by cohort, and what the tables hold for it afterwards."""

    counts: RangeCounts | None = None
    """None in a dry run."""
    tallies: dict[Cohort, IdentityTally] = field(
        default_factory=lambda: {each: IdentityTally() for each in Cohort}
    )
    dated_late: int = 0
    """Answers counted by an earlier run, whose attempt was to be dated now."""

    @property
    def total(self) -> IdentityTally:
        """Both cohorts together."""
        total = IdentityTally()
        for tally in self.tallies.values():
            total.add(tally)
        return total

    @property
    def found(self) -> str:
        outcomes = self.total.outcomes
        identified = outcomes[Outcome.RESOLVED] + outcomes[Outcome.RESOLVED_COMPILATION]
        return f"{identified:,} identified"

    @property
    def wrote(self) -> bool:
        return any(each.scanned for each in self.tallies.values()) or self.dated_late > 0

    @property
    def touched(self) -> frozenset[str]:
        return frozenset(TABLES) if self.wrote else frozenset()

    def figures(self) -> dict[str, float]:
        return by_cohort(self.tallies)


def build_report(
    id_range: IdRange,
    results: Sequence[BatchResult],
    applied: ApplyResult | None,
    *,
    max_refused_writes: float,
) -> IdentityReport:
    """Return the report of a range; without `applied`, answers count as what they will become.

    Raises MiscountedRows when a row was lost or counted twice.
    """
    report = IdentityReport(id_range=id_range, max_refused_writes=max_refused_writes)
    for each in results:
        _count_page(report, each, answers_count=applied is None)
    if applied is not None:
        _count_applied(report, results, applied)
    for tally in report.tallies.values():
        tally.check()
    return report


def _count_page(report: IdentityReport, result: BatchResult, *, answers_count: bool) -> None:
    tally = report.tallies[result.page[0].cohort]
    tally.latencies_ms.extend(result.latencies_ms)
    tally.outcomes.update(result.unanswered.values())
    tally.outcomes[Outcome.LML_REFUSED] += len(result.refusals)
    tally.scanned += len(result.page)
    for answers in result.answers:
        tally.details["unstorable_values"] += sum(len(a.unstorable) for a in answers.answered)
        tally.details["untrusted_results"] += answers.untrusted
        tally.details["unknown_terms"] += answers.unknown_terms.total()
        if answers_count:
            tally.details[NULL_CONFIDENCES] += sum(a.null_confidences for a in answers.answered)
            tally.outcomes.update(
                outcome_of(each.kind, is_matched=each.is_matched(answers.tracks_contract_version))
                for each in answers.answered
            )
    report.refusals.update({each.library_id: reason for each, reason in result.refusals.items()})
    report.invalid.update(result.invalid)
    report.error = report.error or result.error


def _count_applied(
    report: IdentityReport, results: Sequence[BatchResult], applied: ApplyResult
) -> None:
    report.dated_late = applied.dated_late
    report.write_errors.update(applied.write_errors)
    answered = {
        answer.library_id: each.page[0].cohort
        for each in results
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
        tally = report.tallies[cohort]
        tally.details.update(details)
        tally.outcomes[Outcome.RESOLVED] -= details[REJECTED]
        tally.outcomes[Outcome.REJECTED] += details[REJECTED]
