"""Shares that must not shrink: compared with the best of the baselines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from wxyc_assets.domain.coverage import CoverState, Slice, Snapshot
from wxyc_assets.domain.gates.floors import Floors
from wxyc_assets.domain.gates.result import (
    RANGES_NAMED,
    ROUNDING,
    GateResult,
    check_share,
)
from wxyc_assets.domain.percent import percent

FEW_RECORDS = 2
"""So many may go at any time: in a small library they are more than the tolerance."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A share that must not shrink."""

    what: str
    share: Callable[[Slice], float]
    part: Callable[[Slice], int]
    whole: Callable[[Slice], int]
    floor: Callable[[Floors], float]


IDENTITIES = Measure(
    "records in scope have an identity",
    lambda each: each.identified_share,
    lambda each: each.identified,
    lambda each: each.in_scope,
    lambda floors: floors.identity,
)
COVERS = Measure(
    "records that want a cover have one",
    lambda each: each.artwork_share,
    lambda each: each.cover(CoverState.THERE),
    lambda each: each.covers_wanted,
    lambda floors: floors.artwork,
)


def best_of(totals: Sequence[Snapshot], measure: Measure) -> Snapshot | None:
    """Return the snapshot with the largest share; the first of equal ones."""
    filled = [each for each in totals if measure.whole(each.total)]
    return max(filled, key=lambda each: measure.share(each.total), default=None)


def check_regression(
    name: str, measure: Measure, now: Snapshot, baselines: Sequence[Snapshot], floors: Floors
) -> GateResult:
    """Compare a share with its floor, and with the best of the accepted snapshots.

    A share that fell because records were added, while hardly anything was lost, passes.
    """
    part, whole = measure.part(now.total), measure.whole(now.total)
    result = check_share(name, measure.what, part=part, whole=whole, floor=measure.floor(floors))
    best = best_of(baselines, measure)
    if best is None:
        return result.extended("No accepted snapshot has the same scope.")
    before = measure.share(best.total)
    numbers = {**result.numbers, "best": before, "tolerance": floors.tolerance}
    result = replace(result, numbers=numbers)
    compared = f"The best accepted snapshot was at {percent(before)}, on {best.taken_at:%Y-%m-%d}"
    lowest_allowed = before - floors.tolerance
    is_held = result.number >= lowest_allowed - ROUNDING
    gone = measure.part(best.total) - part
    is_little = gone <= max(FEW_RECORDS, floors.tolerance * measure.whole(best.total))
    if not whole or is_held or is_little:
        return result.extended(f"{compared}.")
    lost = f"{_points(before - result.number)} lost, {_points(floors.tolerance)} allowed"
    return replace(
        result.extended(f"{compared}: {lost}."),
        passed=False,
        floor=max(result.floor, lowest_allowed),
        offenders=tuple(losses(now, best, measure)[:RANGES_NAMED]),
    )


def losses(now: Snapshot, before: Snapshot, measure: Measure) -> list[str]:
    """Return the ranges whose share shrank, those that lost the most records first."""
    earlier = {each.member: each for each in before.ranges}
    lost: list[tuple[int, str]] = []
    for each in now.ranges:
        old = earlier.get(each.member)
        if old is not None and measure.share(each) < measure.share(old) - ROUNDING:
            number = round((measure.share(old) - measure.share(each)) * measure.whole(each))
            change = f"{percent(measure.share(old))} -> {percent(measure.share(each))}"
            lost.append((number, f"{each.member}: {change}"))
    return [text for _, text in sorted(lost, key=lambda pair: (-pair[0], pair[1]))]


def _points(difference: float) -> str:
    return f"{difference * 100:.2f} percentage points"
