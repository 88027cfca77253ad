"""The yield of answers and lookups, against floors and against the baseline's own."""

import pytest

from wxyc_assets.domain.gates.history import History
from wxyc_assets.domain.gates.result import GateResult
from wxyc_assets_tests.support.snapshots import after, results, snapshot, totals


def check(name: str, history: History | None = None, /, **counts: int) -> GateResult:
    return results(snapshot(counts=totals(**counts)), history)[name]


BOUNDS = [
    # check, part, whole, and the worst part of 1,000 that passes
    ("answers_have_yield", "found", "first", 175),  # 200 less two deviations of 12.6
    ("answers_have_yield", "confirmed", "repeated", 882),
    ("answers_have_yield", "refused", "asked", 63),
    ("lookups_have_yield", "lookups_found", "lookups_first", 272),
    ("lookups_have_yield", "lookups_unknown", "lookups", 118),
    ("lookups_have_yield", "lookups_refused", "lookups", 63),
]


def named(when: str, whole: str) -> str:
    return "month_answered" if (when, whole) == ("month", "first") else f"{when}_{whole}"


@pytest.mark.parametrize("when", ["run", "month"])
@pytest.mark.parametrize(("name", "part", "whole", "worst"), BOUNDS)
def test_a_share_may_miss_its_bound_by_chance_alone(
    when: str, name: str, part: str, whole: str, worst: int
) -> None:
    is_limit = part.endswith(("refused", "unknown"))
    beyond = worst + 1 if is_limit else worst - 1
    counts = {named(when, whole): 1_000}
    assert check(name, **counts, **{f"{when}_{part}": worst}).passed
    found = check(name, **counts, **{f"{when}_{part}": beyond})
    assert not found.passed
    assert found.number == pytest.approx(beyond / 1_000)
    (offender,) = found.offenders
    assert offender.startswith(f"{beyond} of 1,000 ")
    assert ("in this run" if when == "run" else "in the last 30 days") in offender
    assert ("at most" if is_limit else "the floor is") in offender
    assert found.description == f"{offender}."


@pytest.mark.parametrize(("name", "part", "whole", "worst"), BOUNDS)
def test_a_few_records_are_chance(name: str, part: str, whole: str, worst: int) -> None:
    is_limit = part.endswith(("refused", "unknown"))
    few = {named("month", whole): 29, f"month_{part}": 29 if is_limit else 0}
    assert check(name, **few).passed


@pytest.mark.parametrize(
    ("name", "part", "whole", "before", "worst"),
    [
        ("answers_have_yield", "month_found", "month_answered", 800, 370),  # half, less chance
        ("answers_have_yield", "month_found", "month_answered", 100, 175),
        ("lookups_have_yield", "month_lookups_found", "month_lookups_first", 800, 370),
    ],
)
def test_half_of_the_baselines_own_yield_is_a_floor(
    name: str, part: str, whole: str, before: int, worst: int
) -> None:
    history = after(
        snapshot(counts=totals(), days=1),  # nothing was asked in its month
        snapshot(counts=totals(**{part: before, whole: 1_000}), days=2),
        snapshot(counts=totals(**{part: 1_000, whole: 1_000}), days=3),
    )
    assert check(name, history, **{whole: 1_000, part: worst}).passed
    assert not check(name, history, **{whole: 1_000, part: worst - 1}).passed


def test_new_records_may_be_harder_to_find_than_the_library() -> None:
    history = after(snapshot(counts=totals(month_found=990, month_answered=1_000), days=1))
    assert check("answers_have_yield", history, run_found=175, run_first=1_000).passed


def test_a_run_of_lookups_has_the_history_of_a_month() -> None:
    before = totals(month_lookups_found=800, month_lookups_first=1_000)
    history = after(snapshot(counts=before, days=1))
    counts = {"run_lookups_first": 1_000}
    assert check("lookups_have_yield", history, **counts, run_lookups_found=370).passed
    assert not check("lookups_have_yield", history, **counts, run_lookups_found=369).passed


def test_a_confirmation_has_its_own_history_too() -> None:
    history = after(snapshot(counts=totals(month_confirmed=10, month_repeated=1_000), days=1))
    assert not check("answers_have_yield", history, run_confirmed=881, run_repeated=1_000).passed


@pytest.mark.parametrize("name", ["answers_have_yield", "lookups_have_yield"])
def test_nothing_asked_is_said_so(name: str) -> None:
    found = check(name)
    assert found.passed
    assert found.description == "Nothing was asked."
    assert found.offenders == ()
    assert len(found.numbers) == 6


def test_shares_that_pass_are_shown() -> None:
    found = check("answers_have_yield", run_found=70, run_first=100, run_asked=100)
    assert found.description == (
        "70 of 100 first answers in this run hold an identity (70%, the floor is 20%); "
        "0 of 100 questions in this run were refused by LML (0%, at most 5%)."
    )
    assert (found.number, found.floor) == (0.7, 0.2)
    assert found.numbers["questions in the last 30 days were refused by LML"] == 0
    assert found.numbers["answers in the last 30 days hold an identity"] == 1


def test_a_bad_share_is_not_hidden_by_a_good_one() -> None:
    found = check(
        "answers_have_yield", run_found=700, run_first=1_000, run_refused=500, run_asked=1_000
    )
    assert not found.passed
    assert found.number == 0.5
    assert found.floor == 0.05
