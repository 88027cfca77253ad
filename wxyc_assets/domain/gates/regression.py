"""Shares that must not shrink: compared with the best of the earlier snapshots."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from wxyc_assets.domain.coverage import CoverState, Slice, Snapshot
from wxyc_assets.domain.gates.floors import Floors
from wxyc_assets.domain.gates.result import (
    RANGES_NAMED,
    ROUNDING,
    GateResult,
    check_share,
    percent,
)


@dataclass(frozen=True, slots=True)
class History:
    """Earlier snapshots of the same scope, the newest first; totals only.

    `best_identity` and `best_artwork` are the best of them, with all their slices.
    """

    totals: tuple[Snapshot, ...] = ()
    best_identity: Snapshot | None = None
    best_artwork: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """A share that must not shrink."""

    what: str
    share: Callable[[Slice], float]
    part: Callable[[Slice], int]
    whole: Callable[[Slice], int]
    floor: Callable[[Floors], float]
    best: Callable[[History], Snapshot | None]


IDENTITIES = Measure(
    "records in scope have an identity",
    lambda each: each.identified_share,
    lambda each: each.identified,
    lambda each: each.in_scope,
    lambda floors: floors.identity,
    lambda history: history.best_identity,
)
COVERS = Measure(
    "records that want a cover have one",
    lambda each: each.artwork_share,
    lambda each: each.cover(CoverState.THERE),
    lambda each: each.covers_wanted,
    lambda floors: floors.artwork,
    lambda history: history.best_artwork,
)


def best_of(totals: Sequence[Snapshot], measure: Measure) -> Snapshot | None:
    """Return the snapshot with the largest share; the first of equal ones."""
    filled = [each for each in totals if measure.whole(each.total)]
    return max(filled, key=lambda each: measure.share(each.total), default=None)


def check_regression(
    name: str, measure: Measure, now: Snapshot, history: History, floors: Floors
) -> GateResult:
    """Compare a share with its floor, and with the best of the earlier snapshots."""
    result = check_share(
        name,
        measure.what,
        part=measure.part(now.total),
        whole=measure.whole(now.total),
        floor=measure.floor(floors),
    )
    best = measure.best(history)
    if best is None:
        return _extended(result, "No earlier snapshot has the same scope.")
    before = measure.share(best.total)
    numbers = {**result.numbers, "best": before, "tolerance": floors.tolerance}
    result = replace(result, numbers=numbers)
    compared = _compared(best, before, snapshots=len(history.totals))
    lowest_allowed = before - floors.tolerance
    if not measure.whole(now.total) or result.number >= lowest_allowed - ROUNDING:
        return _extended(result, f"{compared}.")
    lost = f"{_points(before - result.number)} lost, {_points(floors.tolerance)} allowed"
    return replace(
        _extended(result, f"{compared}: {lost}."),
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


def _extended(result: GateResult, sentence: str) -> GateResult:
    return replace(result, description=f"{result.description} {sentence}")


def _compared(best: Snapshot, before: float, *, snapshots: int) -> str:
    which = (
        "The previous snapshot" if snapshots == 1 else f"The best of the last {snapshots} snapshots"
    )
    return f"{which} was at {percent(before)}, on {best.taken_at:%Y-%m-%d}"


def _points(difference: float) -> str:
    return f"{difference * 100:.2f} percentage points"
