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
    later_run_id="second",
    later_is_its_revert=False,
    later_stands=True,
)
CREDITS = replace(
    STATE, change=JournalEntry(1, 4711, JournalSubject.CREDITS), changes=12, standing=10
)
OVERWRITTEN = replace(STATE, later_stands=False)
CREDITS_OVERWRITTEN = replace(CREDITS, later_stands=False)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (STATE, "run second changed it since; revert that run first"),
        (OVERWRITTEN, "somebody else changed it since"),
        (replace(STATE, is_gone=True), "the record was deleted"),
        (CREDITS, "2 of 12 credits: run second changed it since; revert that run first"),
        (CREDITS_OVERWRITTEN, "2 of 12 credits: somebody else changed it since"),
        (replace(CREDITS_OVERWRITTEN, changes=1, standing=0), "somebody else changed it since"),
    ],
)
def test_why_a_change_is_left_alone(state: ChangeState, reason: str) -> None:
    assert why_left_alone(state) == reason


def test_only_a_revert_whose_result_stands_has_reverted_it_already() -> None:
    assert is_reverted_already(replace(STATE, later_is_its_revert=True))
    assert not is_reverted_already(replace(OVERWRITTEN, later_is_its_revert=True))
    assert not is_reverted_already(STATE)


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
