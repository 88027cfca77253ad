"""The result of one check: a share against its floor, or a number of violations against a limit."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import sqrt

from wxyc_assets.domain.coverage import Slice, Snapshot, Violation, share
from wxyc_assets.domain.percent import percent

RANGES_NAMED = 10
ROUNDING = 1e-9
JUDGED_FROM = 30
"""Below this many records, a share that depends on LML's answers is chance."""
DEVIATIONS = 2
"""Standard deviations by which such a share may miss its floor by chance."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """The result of one check; `offenders` names ranges and library ids, the worst first."""

    name: str
    passed: bool
    description: str
    number: float
    floor: float
    """The upper limit, where `number` counts violations."""
    offenders: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])
    is_warning: bool = False
    """It did not pass, but must not fail the run."""
    record_ids: tuple[int, ...] = ()
    """Some of the records that made it fail, of the worst ranges first."""

    def extended(self, sentence: str) -> "GateResult":
        """Return the same result with one more sentence."""
        return replace(self, description=f"{self.description} {sentence}")


def check_share(
    name: str,
    what: str,
    *,
    part: int,
    whole: int,
    floor: float,
    offenders: tuple[str, ...] = (),
    more_numbers: Mapping[str, float] | None = None,
    record_ids: tuple[int, ...] = (),
) -> GateResult:
    """Compare `part` of `whole` with a floor; without anything to compare, it passes."""
    number = share(part, whole)
    if whole:
        figures = f"{percent(number)}, the floor is {percent(floor)}"
        description = f"{part:,} of {whole:,} {what}: {figures}."
    else:
        description = f"Nothing to check: 0 of 0 {what}."
    passed = number >= floor - ROUNDING
    if not passed:
        missing = records_missing(part, whole, floor)
        description += f" {missing:,} more {'is' if missing == 1 else 'are'} needed."
    numbers = {"part": part, "whole": whole, **(more_numbers or {})}
    return GateResult(
        name, passed, description, number, floor, offenders, numbers, record_ids=record_ids
    )


def check_violations(
    name: str, what: str, *, now: Snapshot, violation: Violation, at_most: int
) -> GateResult:
    """Compare the number of violations in the library with a limit."""
    number = now.total.violating(violation)
    return GateResult(
        name,
        number <= at_most,
        f"{records(number)} {what}; at most {at_most:,} allowed.",
        number,
        at_most,
        offending_ranges(now, violation),
        record_ids=offending_ids(now, violation),
    )


def falls_short(part: int, whole: int, floor: float) -> bool:
    """Return True if a part of a sample lies below the floor by more than chance."""
    slack = DEVIATIONS * sqrt(whole * floor * (1 - floor))
    return whole >= JUDGED_FROM and part < floor * whole - slack - ROUNDING


def exceeds(part: int, whole: int, limit: float) -> bool:
    """Return True if a part of a sample lies above the limit by more than chance."""
    return falls_short(whole - part, whole, 1 - limit)


def records_missing(part: int, whole: int, floor: float) -> int:
    """Return how many more records would reach the floor."""
    needed = floor * whole - part
    return max(0, int(needed) + (needed > int(needed) + ROUNDING))


def offending_ranges(now: Snapshot, violation: Violation) -> tuple[str, ...]:
    """Return the ranges with the most violations, each with a sample of library ids."""
    return tuple(
        f"{each.member}: {records(each.violating(violation))} ({_ids(each, violation)})"
        for each in _worst_first(now, violation)[:RANGES_NAMED]
    )


def offending_ids(now: Snapshot, violation: Violation) -> tuple[int, ...]:
    """Return library ids of violations, those of the range with the most violations first."""
    worst = _worst_first(now, violation)
    return tuple(library_id for each in worst for library_id in each.offenders.get(violation, ()))


def _worst_first(now: Snapshot, violation: Violation) -> list[Slice]:
    return sorted(
        (each for each in now.ranges if each.violating(violation)),
        key=lambda each: (-each.violating(violation), each.member),
    )


def _ids(each: Slice, violation: Violation) -> str:
    sample = each.offenders.get(violation, ())
    more = ["..."] if len(sample) < each.violating(violation) else []
    return ", ".join([*map(str, sample), *more])


def records(number: int) -> str:
    """Return the number with its noun, as in `1 record` or `2 records`."""
    return f"{number:,} {'record' if number == 1 else 'records'}"
