from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.domain.alerts import (
    FACT_SHOWN,
    TEXT_SHOWN,
    Kind,
    Level,
    Occurrence,
    Subject,
    Success,
    Trouble,
    due,
    to_alert,
)

START = datetime(2026, 11, 1, tzinfo=UTC)
COVERED = Subject(Kind.CHECK, "the_library_is_covered", "library_coverage")
FULL = Subject(Kind.RUN, "library_full", id_range="0000001-0080000")


def trouble(minute: int = 0, subject: Subject = COVERED) -> Trouble:
    return Trouble(subject, f"run-{minute}", START + timedelta(minutes=minute), "0.97 < 0.99")


def success(minute: int = 0, subject: Subject = COVERED) -> Success:
    return Success(subject, f"run-{minute}", START + timedelta(minutes=minute))


def titles(*occurrences: Occurrence) -> list[str]:
    return [each.title for each in due(occurrences, {})]


def test_a_check_that_does_not_hold_and_then_holds_is_told_twice():
    assert titles(trouble(0), success(1)) == [
        "library_coverage: the_library_is_covered does not hold",
        "library_coverage: the_library_is_covered holds again",
    ]


def test_a_run_is_told_with_its_range():
    assert titles(trouble(0, FULL), success(1, FULL)) == [
        "library_full (0000001-0080000) failed",
        "library_full (0000001-0080000) succeeds again",
    ]


def test_a_success_without_trouble_before_is_no_news():
    assert titles(success(0), success(1, FULL)) == []


def test_a_recovery_is_told_once():
    assert len(titles(trouble(0), success(1), success(2))) == 2


def test_the_trouble_of_an_earlier_tick_ends_with_a_success_of_this_one():
    (alert,) = due([success(1)], {COVERED.key: START})
    assert alert.is_recovery
    assert alert.level is Level.INFO


def test_a_success_from_before_the_trouble_ends_nothing():
    assert due([success(0)], {COVERED.key: START + timedelta(minutes=1)}) == []


def test_the_trouble_of_one_subject_does_not_end_with_the_success_of_another():
    elsewhere = replace(COVERED, id_range="0000001-0002500")
    assert len(due([success(1, elsewhere)], {COVERED.key: START})) == 0


def test_each_trouble_and_each_recovery_has_an_id_of_its_own():
    alerts = due([trouble(0), success(1), trouble(2), trouble(2, FULL)], {})
    assert len({each.event_id for each in alerts}) == 4
    assert all(len(each.event_id) == 32 for each in alerts)
    int("".join(each.event_id for each in alerts), 16)


def test_the_level_of_a_trouble_is_kept():
    assert to_alert(replace(trouble(), level=Level.WARNING)).level is Level.WARNING


def test_what_is_too_long_is_cut():
    alert = to_alert(replace(trouble(), text="x" * 100_000, facts={"ranges": "y" * 100_000}))
    assert len(alert.text) == TEXT_SHOWN
    assert len(alert.facts["ranges"]) == FACT_SHOWN


@pytest.mark.parametrize(
    ("subject", "tags"),
    [
        (COVERED, {"asset": "library_coverage", "check": "the_library_is_covered"}),
        (FULL, {"job": "library_full", "id_range": "0000001-0080000"}),
    ],
)
def test_a_subject_is_tagged_by_what_it_has(subject: Subject, tags: dict[str, str]):
    assert subject.tags == tags


histories = st.lists(
    st.builds(
        lambda kind, minute, subject: kind(minute, subject),
        st.sampled_from([trouble, success]),
        st.integers(0, 20),
        st.sampled_from([COVERED, FULL]),
    ),
    unique_by=lambda each: (each.at, each.subject),
    max_size=12,
)


@given(histories, st.data())
def test_reading_history_twice_and_in_pieces_tells_each_thing_once(
    history: list[Occurrence], data: st.DataObject
):
    whole = {each.event_id for each in due(history, {})}
    ordered = sorted(history, key=lambda each: each.at)
    heard: dict[str, Occurrence] = {}
    seen = 0
    while seen < len(ordered):
        again = data.draw(st.integers(0, seen))
        seen = data.draw(st.integers(seen + 1, len(ordered)))
        hear(heard, ordered[again:seen])
    assert heard.keys() == whole


def hear(heard: dict[str, Occurrence], occurrences: Sequence[Occurrence]) -> None:
    newest: dict[str, Occurrence] = {}
    for each in sorted(heard.values(), key=lambda each: each.at):
        newest[each.subject.key] = each
    open_since = {key: each.at for key, each in newest.items() if isinstance(each, Trouble)}
    by_what = {(each.subject, each.run_id): each for each in occurrences}
    for alert in due(occurrences, open_since):
        heard.setdefault(alert.event_id, by_what[alert.subject, alert.run_id])
