"""Occurrences that become alerts, and the text of an alert."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.domain.alerts import (
    MAX_FACT,
    MAX_TEXT,
    Failure,
    Kind,
    Level,
    Occurrence,
    OpenFailure,
    Subject,
    Success,
    due,
    to_alert,
)

START = datetime(2026, 11, 1, tzinfo=UTC)
COVERED = Subject(Kind.CHECK, "the_library_is_covered", "library_coverage")
FULL = Subject(Kind.RUN, "library_full", id_range="0000001-0080000")


def failure(minute: int = 0, subject: Subject = COVERED) -> Failure:
    return Failure(subject, f"run-{minute}", START + timedelta(minutes=minute), "0.97 < 0.99")


def success(minute: int = 0, subject: Subject = COVERED) -> Success:
    return Success(subject, f"run-{minute}", START + timedelta(minutes=minute))


def titles(*occurrences: Occurrence) -> list[str]:
    return [each.title for each in due(occurrences, {})]


def test_a_check_that_fails_and_then_passes_is_two_alerts() -> None:
    assert titles(failure(0), success(1)) == [
        "library_coverage: the_library_is_covered fails",
        "library_coverage: the_library_is_covered passes again",
    ]


def test_the_alert_of_a_run_names_its_range() -> None:
    assert titles(failure(0, FULL), success(1, FULL)) == [
        "library_full (0000001-0080000) failed",
        "library_full (0000001-0080000) succeeds again",
    ]


def test_a_success_without_an_earlier_failure_is_no_alert() -> None:
    assert titles(success(0), success(1, FULL)) == []


def test_a_recovery_is_one_alert() -> None:
    assert len(titles(failure(0), success(1), success(2))) == 2


def test_a_success_ends_the_failure_of_an_earlier_tick() -> None:
    (alert,) = due([success(1)], {COVERED.key: OpenFailure(START, START)})
    assert alert.is_recovery
    assert alert.level is Level.INFO


def test_a_success_from_before_the_failure_ends_nothing() -> None:
    assert due([success(0)], {COVERED.key: OpenFailure(START, START + timedelta(minutes=1))}) == []


def test_the_failure_of_one_subject_does_not_end_with_the_success_of_another() -> None:
    elsewhere = replace(COVERED, id_range="0000001-0002500")
    assert len(due([success(1, elsewhere)], {COVERED.key: OpenFailure(START, START)})) == 0


def test_an_alert_says_since_when_its_subject_fails() -> None:
    first, again, well = due(
        [failure(1), failure(2), success(3)], {COVERED.key: OpenFailure(START, START)}
    )
    assert first.since == again.since == well.since == START


def test_a_failure_after_a_recovery_begins_anew() -> None:
    *_, again = due([failure(0), success(1), failure(2)], {})
    assert again.since == START + timedelta(minutes=2)


def test_each_failure_and_each_recovery_has_an_id_of_its_own() -> None:
    alerts = due([failure(0), success(1), failure(2), failure(2, FULL)], {})
    assert len({each.event_id for each in alerts}) == 4
    assert all(len(each.event_id) == 32 for each in alerts)
    int("".join(each.event_id for each in alerts), 16)


def test_an_alert_has_the_level_of_its_failure() -> None:
    assert to_alert(replace(failure(), level=Level.WARNING), START).level is Level.WARNING


def test_long_texts_are_cut() -> None:
    alert = to_alert(replace(failure(), text="x" * 100_000, facts={"ranges": "y" * 100_000}), START)
    assert len(alert.text) == MAX_TEXT
    assert len(alert.facts["ranges"]) == MAX_FACT


@pytest.mark.parametrize(
    ("subject", "tags"),
    [
        (COVERED, {"asset": "library_coverage", "check": "the_library_is_covered"}),
        (FULL, {"job": "library_full", "id_range": "0000001-0080000"}),
    ],
)
def test_a_subject_has_a_tag_for_each_of_its_parts(subject: Subject, tags: dict[str, str]) -> None:
    assert subject.tags == tags


histories = st.lists(
    st.builds(
        lambda kind, minute, subject: kind(minute, subject),
        st.sampled_from([failure, success]),
        st.integers(0, 20),
        st.sampled_from([COVERED, FULL]),
    ),
    unique_by=lambda each: (each.at, each.subject),
    max_size=12,
)


@given(histories, st.data())
def test_history_read_twice_and_in_pieces_is_one_alert_per_occurrence(
    history: list[Occurrence], data: st.DataObject
) -> None:
    whole = {each.event_id for each in due(history, {})}
    ordered = sorted(history, key=lambda each: each.at)
    queued: dict[str, Occurrence] = {}
    seen = 0
    while seen < len(ordered):
        again = data.draw(st.integers(0, seen))
        seen = data.draw(st.integers(seen + 1, len(ordered)))
        queue(queued, ordered[again:seen])
    assert queued.keys() == whole


def queue(queued: dict[str, Occurrence], occurrences: Sequence[Occurrence]) -> None:
    newest: dict[str, Occurrence] = {}
    for each in sorted(queued.values(), key=lambda each: each.at):
        newest[each.subject.key] = each
    open_failures = {
        key: OpenFailure(each.at, each.at)
        for key, each in newest.items()
        if isinstance(each, Failure)
    }
    by_what = {(each.subject, each.run_id): each for each in occurrences}
    for alert in due(occurrences, open_failures):
        queued.setdefault(alert.event_id, by_what[alert.subject, alert.run_id])
