"""Decisions that change, answers that are not written, and values that too many records share."""

import pytest

from wxyc_assets.domain.gates.result import GateResult
from wxyc_assets_tests.support.snapshots import results, snapshot, totals


def check(name: str, **counts: int) -> GateResult:
    return results(snapshot(counts=totals(**counts)))[name]


@pytest.mark.parametrize(
    ("part", "whole", "what"),
    [
        ("run_flips", "run_repeated", "identities asked about again in this run"),
        ("month_flips", "month_repeated", "identities asked about again in the last 30 days"),
        ("cover_flips", "covers_found", "covers that LML found"),
    ],
)
def test_decisions_may_change_a_little(part: str, whole: str, what: str) -> None:
    name, confirmed = "decisions_are_stable", {"run_confirmed": 1_000, "month_confirmed": 1_000}
    stable = check(name, **{whole: 1_000, part: 118}, **confirmed)
    assert stable.passed
    assert stable.offenders == ()
    changed = check(name, **{whole: 1_000, part: 119}, **confirmed)
    assert not changed.passed
    assert changed.offenders == (f"119 of 1,000 {what} were replaced by others",)
    assert changed.description.startswith(f"119 of 1,000 {what} were replaced by others; at most")
    assert "before you believe it" in changed.description
    assert (changed.number, changed.floor) == (0.119, 0.1)
    assert check(name, **{whole: 29, part: 29}, **confirmed).passed


def test_stable_decisions_are_shown() -> None:
    found = check("decisions_are_stable")
    assert found.number == 0
    assert found.description.count("0 of 0") == 3
    assert found.description.endswith("at most 10% are allowed.")


@pytest.mark.parametrize(
    ("answers", "covers", "passes"), [(10, 0, True), (0, 10, True), (5, 6, False), (11, 0, False)]
)
def test_an_answer_in_a_thousand_may_be_missing(answers: int, covers: int, passes: bool) -> None:
    found = check(
        "answers_are_written",
        answers=7_000,
        covers_found=3_000,
        answers_not_written=answers,
        covers_not_written=covers,
    )
    assert found.passed is passes
    assert (found.number, found.floor) == ((answers + covers) / 10_000, 0.001)
    assert found.numbers == {
        "answers_not_written": answers,
        "covers_not_written": covers,
        "whole": 10_000,
    }
    assert ("write_error" in found.description) is not passes
    assert check("answers_are_written").number == 0


@pytest.mark.parametrize(
    ("answers", "missing", "passes"), [(100, 3, True), (100, 4, False), (3, 3, False)]
)
def test_a_few_may_be_missing_unless_they_are_all(answers: int, missing: int, passes: bool) -> None:
    found = check("answers_are_written", answers=answers, answers_not_written=missing)
    assert found.passed is passes


@pytest.mark.parametrize(
    ("name", "count", "most"),
    [
        ("external_ids_are_distinct", "artists_per_id", 25),
        ("covers_are_distinct", "albums_per_cover", 10),
    ],
)
def test_a_value_may_be_shared_by_a_few(name: str, count: str, most: int) -> None:
    def shared(number: int, samples: dict[str, str] | None = None) -> GateResult:
        each = snapshot(counts=totals(**{count: number}), samples=samples or {})
        return results(each)[name]

    sample = {count: "discogs 7, such as record 3"}
    assert shared(most, samples=sample).passed
    assert shared(most, samples=sample).offenders == ()
    found = shared(most + 1, samples=sample)
    assert not found.passed
    assert found.offenders == ("discogs 7, such as record 3",)
    assert (found.number, found.floor) == (most + 1, most)
    assert shared(most + 1).offenders == ()
