"""What must be true of the coverage: sentences, each with its number, its floor and its ranges."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from wxyc_assets.domain.coverage import CoverState, Slice, Snapshot, Violation, share

NEARLY_FULL: Final = 0.95
"""From this share of the ceiling on, the ranges are about to run out."""
RANGES_NAMED = 10
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Floors:
    """How good is good enough: shares of 1, unless said."""

    coverage: float
    identity: float
    artwork: float
    artwork_target: float
    compilations: float
    agreement: float
    asked_twice: int
    """Library rows that may be."""
    orphaned_sources: int
    """Library rows that may have them."""
    tolerance: float
    """How far a share may lie below the best of the snapshots before."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """Whether a sentence is true; `offenders` names ranges and library ids, the worst first."""

    name: str
    holds: bool
    words: str
    number: float
    floor: float
    """For a number that should be small, its ceiling."""
    offenders: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])
    is_warning: bool = False
    """It does not hold, but nothing is to stop for it."""


@dataclass(frozen=True, slots=True)
class History:
    """Snapshots before this one that looked at the same scope, the newest first; totals only.

    `best_identity` and `best_artwork` are the best of them with all their slices.
    """

    totals: tuple[Snapshot, ...] = ()
    best_identity: Snapshot | None = None
    best_artwork: Snapshot | None = None


SENTENCES: dict[str, str] = {
    "the_library_is_covered": "Enough of the rows in scope have an identity, of any age, or rest "
    "with a dated attempt. The scope follows the setting.",
    "identity_coverage_holds": "The share of rows in scope with an identity is above its floor, "
    "and not below the best of the last snapshots.",
    "artwork_coverage_holds": "The share of wanted covers that are there is above its floor, and "
    "not below the best of the last snapshots.",
    "artwork_reaches_its_target": "Enough of the rows that want a cover have one, or a dated no.",
    "compilations_are_classified": "Of enough rows in scope of the compilation cohort LML has said "
    "what they are.",
    "nothing_is_asked_twice": "LML was asked about no row again before the window of its last "
    "answer was over; a recheck excepted.",
    "no_row_lies_past_the_last_range": "Every library row lies in a range; warns when the ranges "
    "are about to run out.",
    "answers_agree_with_tables": "Every applied answer is reflected in the Backend's tables.",
    "no_source_is_orphaned": "No library row has sources without an identity.",
}


def evaluate_gates(now: Snapshot, past: History, floors: Floors, ceiling: int) -> list[GateResult]:
    """Every sentence of SENTENCES about a snapshot; `ceiling` is the last id of the last range."""
    return [
        _is_covered(now, floors),
        _holds("identity_coverage_holds", IDENTITIES, now, past, floors),
        _holds("artwork_coverage_holds", COVERS, now, past, floors),
        _reaches_its_target(now, floors),
        _is_classified(now, floors),
        _is_rare("nothing_is_asked_twice", Violation.ASKED_TWICE, floors.asked_twice, now),
        _lies_in_ranges(now, ceiling),
        _agrees(now, floors),
        _is_rare("no_source_is_orphaned", Violation.ORPHANED, floors.orphaned_sources, now),
    ]


def _is_covered(now: Snapshot, floors: Floors) -> GateResult:
    total = now.total
    return _reached(
        "the_library_is_covered",
        (total.identified + total.resting, total.in_scope),
        floors.coverage,
        f"rows in scope ({now.scope}) are identified or at rest",
        offenders(now, Violation.UNCOVERED),
        {
            "identified": total.identified,
            "resting": total.resting,
            "open": total.open_rows,
            "in_scope": total.in_scope,
        },
    )


def _reaches_its_target(now: Snapshot, floors: Floors) -> GateResult:
    return _reached(
        "artwork_reaches_its_target",
        (now.total.covers_settled, now.total.covers_wanted),
        floors.artwork_target,
        "rows that want a cover have one, or a dated no",
        offenders(now, Violation.WITHOUT_COVER),
    )


def _is_classified(now: Snapshot, floors: Floors) -> GateResult:
    return _reached(
        "compilations_are_classified",
        (now.total.compilations_classified, now.total.compilations),
        floors.compilations,
        "rows in scope of the compilation cohort are known for what they are",
        offenders(now, Violation.UNCLASSIFIED),
        {"matched": now.total.compilations_matched},
    )


def _agrees(now: Snapshot, floors: Floors) -> GateResult:
    rows = now.total.library_rows
    return _reached(
        "answers_agree_with_tables",
        (rows - now.total.offence(Violation.DISAGREEING), rows),
        floors.agreement,
        "library rows show what LML's applied answers say",
        offenders(now, Violation.DISAGREEING),
        {"disagreeing": now.total.offence(Violation.DISAGREEING)},
    )


def _reached(
    name: str,
    part_and_whole: tuple[int, int],
    floor: float,
    what: str,
    offending: tuple[str, ...],
    more: Mapping[str, float] | None = None,
) -> GateResult:
    part, whole = part_and_whole
    number = share(part, whole)
    if not whole:
        words = f"There is nothing to judge: 0 of 0 {what}."
    else:
        words = f"{part:,} of {whole:,} {what}: {_percent(number)}, the floor is {_percent(floor)}."
    holds = number >= floor - ROUNDING
    if not holds:
        words += f" {rows_missing(part, whole, floor):,} more are needed."
    return GateResult(
        name,
        holds,
        words,
        number,
        floor,
        offending,
        {"part": part, "whole": whole, **(more or {})},
    )


def rows_missing(part: int, whole: int, floor: float) -> int:
    """How many rows more would reach the floor."""
    needed = floor * whole - part
    return max(0, int(needed) + (needed > int(needed) + ROUNDING))


def _is_rare(name: str, offence: Violation, most: int, now: Snapshot) -> GateResult:
    rows = now.total.offence(offence)
    what = {
        Violation.ASKED_TWICE: "were asked about again within the window of the answer before",
        Violation.ORPHANED: "have sources, but no identity",
    }[offence]
    return GateResult(
        name,
        rows <= most,
        f"{rows:,} library rows {what}; at most {most:,} may.",
        rows,
        most,
        offenders(now, offence),
    )


def _lies_in_ranges(now: Snapshot, ceiling: int) -> GateResult:
    name, outside = "no_row_lies_past_the_last_range", now.total.offence(Violation.OUTSIDE)
    largest = now.total.largest_id
    if outside:
        words = (
            f"{outside:,} library rows lie in no range: the ranges reach to {ceiling}, the largest "
            f"id is {largest}. Raise LIBRARY_MAX_ID."
        )
        return GateResult(name, False, words, outside, 0, offenders(now, Violation.OUTSIDE))
    if largest >= NEARLY_FULL * ceiling:
        words = (
            f"The largest id is {largest}, {_percent(largest / ceiling)} of what the ranges reach "
            f"to ({ceiling}). Raise LIBRARY_MAX_ID soon: new records would be in no range."
        )
        return GateResult(name, False, words, largest / ceiling, NEARLY_FULL, is_warning=True)
    words = (
        f"Every row lies in a range: the largest id is {largest}, the ranges reach to {ceiling}."
    )
    return GateResult(name, True, words, outside, 0)


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
    "rows in scope have an identity",
    lambda each: each.identified_share,
    lambda each: each.identified,
    lambda each: each.in_scope,
    lambda floors: floors.identity,
    lambda past: past.best_identity,
)
COVERS = Measure(
    "wanted covers are there",
    lambda each: each.artwork_share,
    lambda each: each.cover(CoverState.THERE),
    lambda each: each.covers_wanted,
    lambda floors: floors.artwork,
    lambda past: past.best_artwork,
)


def best_of(totals: Sequence[Snapshot], measure: Measure) -> Snapshot | None:
    """The snapshot with the largest share; the newest of several."""
    filled = [each for each in totals if measure.whole(each.total)]
    return max(filled, key=lambda each: measure.share(each.total), default=None)


def _holds(name: str, measure: Measure, now: Snapshot, past: History, floors: Floors) -> GateResult:
    number, floor = measure.share(now.total), measure.floor(floors)
    judged = _reached(
        name, (measure.part(now.total), measure.whole(now.total)), floor, measure.what, ()
    )
    best = measure.best(past)
    if best is None:
        words = f"{judged.words} No snapshot before this one looked at the same scope."
        return GateResult(name, judged.holds, words, number, floor, (), judged.numbers)
    before = measure.share(best.total)
    has_shrunk = bool(measure.whole(now.total)) and number < before - floors.tolerance - ROUNDING
    compared = (
        f"The best of the last {len(past.totals)} snapshots was {_percent(before)}, on "
        f"{best.taken_at:%Y-%m-%d}"
    )
    words = (
        f"{judged.words} {compared}: {_points(before - number)} lost, {_points(floors.tolerance)} "
        "may be."
        if has_shrunk
        else f"{judged.words} {compared}."
    )
    return GateResult(
        name,
        judged.holds and not has_shrunk,
        words,
        number,
        max(floor, before - floors.tolerance) if has_shrunk else floor,
        tuple(losses(now, best, measure)[:RANGES_NAMED]) if has_shrunk else (),
        {**judged.numbers, "best": before, "tolerance": floors.tolerance},
    )


def losses(now: Snapshot, before: Snapshot, measure: Measure) -> list[str]:
    """The ranges that lost, those that lost most rows first."""
    then = {each.member: each for each in before.ranges}
    lost: list[tuple[int, str]] = []
    for each in now.ranges:
        old = then.get(each.member)
        if old is not None and measure.share(each) < measure.share(old) - ROUNDING:
            rows = round((measure.share(old) - measure.share(each)) * measure.whole(each))
            change = f"{_percent(measure.share(old))} -> {_percent(measure.share(each))}"
            lost.append((rows, f"{each.member}: {change}"))
    return [words for _, words in sorted(lost, key=lambda pair: (-pair[0], pair[1]))]


def offenders(now: Snapshot, offence: Violation) -> tuple[str, ...]:
    """The ranges with the most offending rows, and some of these."""
    guilty = sorted(
        (each for each in now.ranges if each.offence(offence)),
        key=lambda each: (-each.offence(offence), each.member),
    )
    return tuple(
        f"{each.member}: {each.offence(offence)} rows, such as "
        + ", ".join(map(str, each.offenders.get(offence, ())))
        for each in guilty[:RANGES_NAMED]
    )


def _percent(number: float) -> str:
    return f"{number:.2%}"


def _points(difference: float) -> str:
    return f"{difference * 100:.2f} points"
