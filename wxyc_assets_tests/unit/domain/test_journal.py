"""The words about changes that a revert leaves alone."""

from dataclasses import replace

import pytest

from wxyc_assets.domain.journal import (
    ChangeState,
    JournalEntry,
    JournalSubject,
    RevertResult,
    is_reverted_already,
    why_left_alone,
)

STATE = ChangeState(
    JournalEntry(1, 4711, JournalSubject.IDENTITY),
    is_gone=False,
    changes=1,
    standing=0,
    later_entry=2,
    later_run_id="second",
    later_is_its_revert=False,
)
CREDITS = replace(
    STATE, change=JournalEntry(1, 4711, JournalSubject.CREDITS), changes=12, standing=10
)


@pytest.mark.parametrize(
    ("state", "standing", "reason"),
    [
        (STATE, {2}, "run second changed it since; revert that run first"),
        (STATE, set(), "somebody else changed it since"),
        (replace(STATE, is_gone=True), {2}, "the record was deleted"),
        (CREDITS, {2}, "2 of 12 credits: run second changed it since; revert that run first"),
        (CREDITS, set(), "2 of 12 credits: somebody else changed it since"),
        (replace(CREDITS, changes=1, standing=0), set(), "somebody else changed it since"),
    ],
)
def test_why_a_change_is_left_alone(state: ChangeState, standing: set[int], reason: str) -> None:
    assert why_left_alone(state, frozenset(standing)) == reason


def test_only_a_revert_whose_result_stands_has_reverted_it_already() -> None:
    reverted = replace(STATE, later_is_its_revert=True)
    assert is_reverted_already(reverted, frozenset({2}))
    assert not is_reverted_already(reverted, frozenset())
    assert not is_reverted_already(STATE, frozenset({2}))


def test_the_counters_of_a_revert_name_every_subject() -> None:
    result = RevertResult("a", "b", is_applied=True)
    result.reverted[JournalSubject.COVER] = 3
    assert result.counters() == {
        "reverted.identity": 0,
        "reverted.credits": 0,
        "reverted.attempt": 0,
        "reverted.cover": 3,
        "already_reverted": 0,
        "left_alone": 0,
    }
