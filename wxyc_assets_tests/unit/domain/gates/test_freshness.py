"""The age that identities, and the last complete run, may reach."""

from datetime import datetime, timedelta

import pytest

from wxyc_assets.domain.gates.history import Baseline, History
from wxyc_assets.domain.gates.result import GateResult
from wxyc_assets_tests.support.snapshots import (
    NOW,
    after,
    baseline,
    days_ago,
    results,
    snapshot,
    totals,
)


@pytest.mark.parametrize(("fresh", "passes"), [(775, True), (774, False), (1_000, True)])
def test_enough_identities_are_fresh(fresh: int, passes: bool) -> None:
    counts = totals(
        verified_within_1=10,
        verified_within_2=20,
        verified_within_4=fresh,
        identities_in_scope=1_000,
    )
    found = results(snapshot(counts=counts))["identities_are_fresh"]
    assert found.passed is passes
    assert (found.number, found.floor) == (fresh / 1_000, 0.8)
    assert found.numbers == {
        "part": fresh,
        "whole": 1_000,
        "within_1_window": 10,
        "within_2_windows": 20,
    }
    assert ("are needed" in found.description) is not passes


def test_few_identities_are_not_judged() -> None:
    found = results(snapshot(counts=totals(identities_in_scope=29)))["identities_are_fresh"]
    assert found.passed
    assert "too few to judge" in found.description
    nothing = results(snapshot(counts=totals()))["identities_are_fresh"]
    assert nothing.description.startswith("Nothing to check")


def check(
    completed_at: datetime | None,
    history: History | None = None,
    *,
    done: int = 7,
    ranges: int = 7,
) -> GateResult:
    now = snapshot(counts=totals(ranges=ranges, ranges_completed=done), completed_at=completed_at)
    return results(now, history)["runs_are_recent"]


@pytest.mark.parametrize(("age", "passes"), [(0, True), (10, True), (10.1, False)])
def test_the_last_complete_run_is_recent(age: float, passes: bool) -> None:
    found = check(days_ago(age))
    assert found.passed is passes
    assert (found.number, found.floor) == (pytest.approx(age), 10)
    assert f"within the last {age:.1f} days; at most 10" in found.description
    assert ("Start library_full" in found.description) is not passes


@pytest.mark.parametrize(("age", "passes"), [(10, True), (10.1, False)])
@pytest.mark.parametrize("completed_at", [None, NOW])
def test_a_library_that_no_run_has_completed_has_as_long_since_its_first_snapshot(
    age: float, passes: bool, completed_at: datetime | None
) -> None:
    history = after(snapshot(days=1), snapshot(days=age))
    found = check(completed_at, history, done=6)
    assert found.passed is passes
    assert found.number == pytest.approx(age)
    assert found.description.startswith("6 of 7 ranges were ever completed")
    assert ("Start library_full" in found.description) is not passes


def test_a_station_that_begins_says_so() -> None:
    found = check(None, done=0)
    assert found.passed
    assert found.number == 0
    assert "0 of 7 ranges were ever completed" in found.description
    assert check(None, done=0, ranges=0).description == "The library is empty."
    assert check(NOW, done=0, ranges=0).passed
    assert check(None, done=0, ranges=0).number == 0


@pytest.mark.parametrize(("hours", "passes"), [(1, True), (1.1, False)])
def test_a_clock_that_was_set_back_is_noticed(hours: float, passes: bool) -> None:
    later = NOW + timedelta(hours=hours)
    assert check(later).passed is passes
    by_snapshot = check(NOW, after(snapshot(days=-hours / 24), snapshot(days=1)))
    assert by_snapshot.passed is passes
    assert ("The clock was set back" in by_snapshot.description) is not passes
    lost = Baseline(baseline(snapshot(days=-hours / 24)).acceptance, None, "it is gone")
    assert check(NOW, History((lost,))).passed is passes
    assert check(later).number == 0 or passes
