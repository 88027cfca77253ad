"""The limits of an acceptable run."""

from typing import Any

import pytest

from wxyc_assets.domain.run_checks import (
    RunAnswers,
    RunLimits,
    WrittenCount,
    judge_answers,
    judge_written,
)

LIMITS = RunLimits(not_written=0.001, run_yield=0.05, refresh_yield=0.5, unusable=0.5)


def is_written(stored: int, *, not_written: int = 0, differing: int = 0) -> bool:
    return judge_written(
        WrittenCount(stored, not_written, differing), LIMITS, what="answers"
    ).passed


def test_what_is_stored_must_be_in_the_tables() -> None:
    assert is_written(0)
    assert is_written(64_000)
    assert is_written(64_000, not_written=64)
    assert not is_written(64_000, not_written=65)
    assert not is_written(64_000, not_written=64, differing=1)


def test_a_few_are_no_pattern_unless_they_are_all_there_is() -> None:
    assert is_written(100, not_written=2, differing=1)
    assert not is_written(100, not_written=4)
    assert not is_written(3, not_written=3)
    assert not is_written(1, differing=1)


def test_a_verdict_says_how_many_and_how_many_may_be() -> None:
    verdict = judge_written(WrittenCount(64_000, 64, 1, [5, 6]), LIMITS, what="answers")
    assert verdict.description == (
        "Of 64000 answers stored for these ranges, 64 are not in the tables and 1 differ from "
        "them; at most 0.1% (or 3) are allowed."
    )
    assert verdict.numbers["allowed"] == 64
    assert verdict.offenders == [5, 6]


def objections(**changes: int) -> str:
    usual = {"asked": 200, "unusable": 0, "first_asked": 100, "first_found": 60}
    known = {"refreshed": 100, "confirmed": 97}
    verdict = judge_answers(RunAnswers(**(usual | known | changes)), LIMITS, found="an identity")
    assert verdict.numbers["asked"] == changes.get("asked", 200)
    return "" if verdict.passed else verdict.description


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"unusable": 101}, "LML refused 101 of 200 records, or left them unknown"),
        ({"first_found": 4}, "only 4 have an identity; at least 5% must"),
        ({"first_found": 0}, "only 0 have"),
        ({"confirmed": 49}, "LML still knows only 49; at least 50%"),
        ({"unusable_again": 50, "stored": 99}, "LML refused 50 of the 99 records with an answer"),
    ],
)
def test_an_absurd_answer_is_named(changes: dict[str, int], said: str) -> None:
    assert said in objections(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"unusable": 100},
        {"first_found": 5},
        {"confirmed": 50},
        {"unusable_again": 50, "stored": 100},
        {"unusable_again": 49, "stored": 49},
    ],
)
def test_what_is_at_the_limit_is_fine(changes: dict[str, Any]) -> None:
    assert not objections(**changes)


def test_two_absurdities_are_both_named() -> None:
    said = objections(first_found=0, confirmed=0)
    assert "first time" in said
    assert "still knows" in said


def test_shares_of_a_few_records_say_nothing() -> None:
    few = RunAnswers(
        asked=49, unusable=49, first_asked=49, first_found=0, refreshed=49, confirmed=0
    )
    assert judge_answers(few, LIMITS, found="an identity").passed
    fifty = RunAnswers(asked=50, unusable=50, first_asked=0, first_found=0)
    assert not judge_answers(fifty, LIMITS, found="a cover").passed


def test_records_that_never_get_an_answer_are_named_apart() -> None:
    nothing_else = RunAnswers(0, 0, 0, 0, unusable_again=200, stored=18_000)
    verdict = judge_answers(nothing_else, LIMITS, found="a cover")
    assert verdict.passed
    assert verdict.description.endswith("LML still has no answer about 200 others.")
    assert verdict.numbers["unusable_again"] == 200
    assert "still" not in judge_answers(RunAnswers(1, 0, 1, 1), LIMITS, found="a cover").description


def test_a_run_that_asked_nothing_is_fine_and_says_so() -> None:
    verdict = judge_answers(RunAnswers(0, 0, 0, 0), LIMITS, found="a cover")
    assert verdict.passed
    assert verdict.description.startswith("Of 0 records asked about")
