"""The report of a range counts each record once."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.adapters.lml.bulk_resolve import Answer, Answers
from wxyc_assets.adapters.lml.errors import LmlUnavailable
from wxyc_assets.adapters.postgres.identity_store import StoredAnswer
from wxyc_assets.domain.answers import AnswerKind
from wxyc_assets.domain.candidates import Cohort
from wxyc_assets.domain.counters import UNANSWERED, MiscountedRows, Outcome
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.identity.apply_answers import ApplyResult
from wxyc_assets.flows.identity.batch_result import BatchResult
from wxyc_assets.flows.identity.report import IdentityReport, build_report
from wxyc_assets_tests.support.answers import candidate

RANGE = IdRange(1, 100)
KINDS = tuple(AnswerKind)
FATES = (*KINDS, *sorted(UNANSWERED), "refused", "write error", "deleted")


def kind_of(fate: str) -> AnswerKind:
    return AnswerKind(fate) if fate in KINDS else AnswerKind.UNRESOLVED


def report_of(results: list[BatchResult], applied: ApplyResult | None) -> IdentityReport:
    return build_report(RANGE, results, applied, max_refused_writes=0.1)


def asked_about(fates: dict[int, str]) -> BatchResult:
    asked = BatchResult([candidate(library_id) for library_id in fates])
    answered = [id for id, fate in fates.items() if fate in (*KINDS, "write error", "deleted")]
    asked.answers.append(Answers(tuple(Answer(id, kind_of(fates[id]), {}) for id in answered)))
    for library_id, fate in fates.items():
        if fate == "refused":
            asked.refusals[candidate(library_id)] = "HTTP 422"
        elif fate in {each.value for each in UNANSWERED}:
            asked.unanswered[library_id] = Outcome(fate)
    return asked


def stored(library_id: int, kind: str) -> StoredAnswer:
    return StoredAnswer(
        library_id=library_id,
        cohort=Cohort.NON_VA,
        kind=AnswerKind(kind),
        is_matched=False,
        is_poisoned=False,
        is_new=True,
        is_undated=True,
        null_confidences=0,
    )


def applied_to(fates: dict[int, str], earlier: int) -> ApplyResult:
    applied = ApplyResult()
    for library_id, fate in fates.items():
        if fate in KINDS:
            applied.answers.append(stored(library_id, fate))
        elif fate == "write error":
            applied.answers.append(stored(library_id, "unresolved"))
            applied.write_errors[library_id] = "no"
    applied.answers += [stored(1000 + number, "single_artist") for number in range(earlier)]
    return applied


fates = st.dictionaries(st.integers(1, 100), st.sampled_from(FATES), min_size=1)


@given(fates, st.integers(0, 3))
def test_every_row_counts_once_by_its_final_outcome(fates: dict[int, str], earlier: int) -> None:
    report = report_of([asked_about(fates)], applied_to(fates, earlier))
    times = Counter(fates.values())
    outcomes = report.total.outcomes
    assert report.total.scanned == len(fates) - times["deleted"] + earlier
    assert outcomes[Outcome.RESOLVED] == times["single_artist"] + earlier
    assert outcomes[Outcome.UNRESOLVED] == times["unresolved"]
    assert outcomes[Outcome.COMPILATION] == times["compilation"]
    assert outcomes[Outcome.LML_REFUSED] == times["refused"] == len(report.refusals)
    assert outcomes[Outcome.WRITER_ERROR] == times["write error"] == len(report.write_errors)
    refused = times["write error"]
    is_fine = refused <= max(3, report.total.scanned / 10)
    unanswered = sum(times[each] for each in UNANSWERED)
    assert report.open_rows == unanswered + (0 if is_fine else refused)


@given(fates)
def test_without_applying_answers_count_as_what_they_will_become(fates: dict[int, str]) -> None:
    report = report_of([asked_about(fates)], None)
    times = Counter(fates.values())
    assert report.total.scanned == len(fates)
    assert report.total.outcomes[Outcome.RESOLVED] == times["single_artist"]
    assert report.total.outcomes[Outcome.WRITER_ERROR] == 0


def test_a_row_that_was_lost_is_a_defect_that_is_told() -> None:
    lost = BatchResult(
        [candidate(1), candidate(2)], answers=[Answers((Answer(1, AnswerKind.UNRESOLVED, {}),))]
    )
    with pytest.raises(MiscountedRows, match="scanned 2 rows"):
        report_of([lost], None)


def test_a_row_of_two_outcomes_is_a_defect_that_is_told() -> None:
    asked = asked_about({1: "unresolved"})
    asked.unanswered[1] = Outcome.LML_ERROR
    with pytest.raises(MiscountedRows, match="scanned 1 rows"):
        report_of([asked], applied_to({1: "unresolved"}, 0))


def test_an_open_range_says_how_many_rows_of_which_kind_and_the_error() -> None:
    asked = asked_about({1: "rows_skipped.lml_error", 2: "rows_skipped.lml_cardinality_mismatch"})
    asked.error = LmlUnavailable("HTTP 503")
    report = report_of([asked], None)
    assert report.why_open == "1 lml_cardinality_mismatch, 1 lml_error (HTTP 503)"


def test_more_refused_writes_than_a_few_leave_the_range_open_and_say_why() -> None:
    few, many = (dict.fromkeys(range(1, count), "write error") for count in (4, 5))
    assert report_of([asked_about(few)], applied_to(few, 0)).open_rows == 0
    report = report_of([asked_about(many)], applied_to(many, 0))
    assert (report.open_rows, report.why_open) == (4, "4 not written (no)")


def test_in_a_large_range_a_share_of_refused_writes_is_no_matter() -> None:
    fates = dict.fromkeys(range(1, 11), "write error")
    assert report_of([asked_about(fates)], applied_to(fates, earlier=90)).open_rows == 0
    assert report_of([asked_about(fates)], applied_to(fates, earlier=89)).open_rows == 10


def test_a_range_without_work_is_complete() -> None:
    report = report_of([], ApplyResult())
    assert (report.open_rows, report.total.scanned, report.error) == (0, 0, None)


def test_the_report_in_one_line_says_what_was_found_and_what_stays_open() -> None:
    fates = {1: "single_artist", 2: "unresolved", 3: "refused"}
    assert report_of([asked_about(fates)], None).sentence == (
        "0000001-0000100: 3 records, 1 identified."
    )
    unanswered = {1: sorted(UNANSWERED)[0].value}
    assert report_of([asked_about(unanswered)], None).sentence == (
        "0000001-0000100: 1 record, 0 identified; it stays open: 1 lml_cardinality_mismatch."
    )
    assert report_of([], None).sentence == "0000001-0000100: nothing was due."
