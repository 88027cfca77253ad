"""Counts that must not vanish."""

from dataclasses import replace

import pytest

from wxyc_assets.domain.coverage import Snapshot
from wxyc_assets.domain.gates.disappearance import KEPT, KEPT_IN_SCOPE, ROTATION
from wxyc_assets.domain.gates.history import Baseline, History
from wxyc_assets.domain.gates.result import GateResult
from wxyc_assets.domain.totals import Count
from wxyc_assets_tests.support.snapshots import (
    FLOORS,
    after,
    baseline,
    results,
    snapshot,
    totals,
)

ALL = {*KEPT, *KEPT_IN_SCOPE, *ROTATION}


def at(number: int = 1_000, /, days: float = 0, **counts: int) -> Snapshot:
    kept = {each.value: number for each in ALL} | counts
    return snapshot(counts=totals(**kept), days=days)


def check(now: Snapshot, history: History) -> GateResult:
    return results(now, history)["nothing_has_disappeared"]


@pytest.mark.parametrize("count", sorted({*KEPT, *KEPT_IN_SCOPE}))
@pytest.mark.parametrize(("left", "passes"), [(950, True), (949, False), (1_200, True)])
def test_no_count_may_lose_more_than_a_twentieth(count: Count, left: int, passes: bool) -> None:
    found = check(at(**{count.value: left}), after(at(days=1)))
    assert found.passed is passes
    assert found.number == pytest.approx(max(0, 1_000 - left) / 1_000)
    what = (KEPT | KEPT_IN_SCOPE)[count]
    assert found.offenders == (() if passes else (f"{what}: 1,000 -> {left}",))
    assert ("accept-coverage" in found.description) is not passes


@pytest.mark.parametrize("count", sorted(ROTATION))
@pytest.mark.parametrize(("left", "passes"), [(500, True), (499, False)])
def test_half_of_the_rotation_may_go_from_one_day_to_the_next(
    count: Count, left: int, passes: bool
) -> None:
    history = after(at(days=1), at(3_000, days=2))
    now = at(3_000, **{each.value: 1_000 for each in ROTATION})
    assert now.totals
    now = replace(now, totals={**now.totals, count: left})
    assert check(now, history).passed is passes


@pytest.mark.parametrize("count", sorted(ALL))
def test_nothing_goes_from_something_to_nothing(count: Count) -> None:
    lenient = replace(FLOORS, drop=1.0)
    before = after(at(days=1, **{count.value: 1}))
    found = results(at(**{count.value: 0}), before, lenient)["nothing_has_disappeared"]
    assert not found.passed
    always = after(at(days=1, **{count.value: 0}))
    assert check(at(**{count.value: 0}), always).passed


def test_the_largest_accepted_value_counts() -> None:
    leak = after(at(960, days=1), at(1_000, days=2))
    assert not check(at(940), leak).passed
    assert check(at(950), leak).passed
    assert "since 2026-04-29" in check(at(950), leak).description


def test_counts_of_another_scope_are_not_compared() -> None:
    narrow = after(replace(at(days=1), is_wide=False))
    fewer = {each.value: 0 for each in KEPT_IN_SCOPE}
    assert check(at(**fewer), narrow).passed
    assert not check(at(records=1), narrow).passed


def test_without_a_baseline_there_is_nothing_to_compare() -> None:
    found = check(at(0), History())
    assert found.passed
    assert (found.number, found.floor) == (0, 0.05)
    assert "No snapshot has been accepted yet" in found.description


def test_what_lost_most_is_named_first() -> None:
    found = check(at(records=100, credits=10), after(at(days=1)))
    assert found.offenders == ("credits of compilations: 1,000 -> 10", "records: 1,000 -> 100")
    assert found.description.startswith("2 of 16 counts lost more than 5%")


def test_a_lost_baseline_fails_closed() -> None:
    there = baseline(at(days=1))
    gone = Baseline(there.acceptance, None, "its snapshot is no longer there")
    found = check(at(), History((gone, baseline(at(days=2)))))
    assert not found.passed
    assert found.number == 1
    assert found.description.startswith("1 accepted snapshot cannot be read")
    assert found.offenders == ("run run 1 of 2026-04-30: its snapshot is no longer there",)
    many = check(at(), History((gone,) * 12))
    assert len(many.offenders) == 10
    assert many.description.startswith("12 accepted snapshots cannot be read")
