"""The checks on a snapshot of the coverage, each with its number, its floor and its ranges."""

from typing import Final

from wxyc_assets.domain.coverage import Snapshot, Violation
from wxyc_assets.domain.gates.floors import Floors
from wxyc_assets.domain.gates.regression import COVERS, IDENTITIES, History, check_regression
from wxyc_assets.domain.gates.result import (
    GateResult,
    check_share,
    check_violations,
    offending_ranges,
    percent,
    records,
)

NEARLY_FULL: Final = 0.95
"""From this share of the ceiling on, the ranges are about to run out."""

CHECK_DESCRIPTIONS: dict[str, str] = {
    "the_library_is_covered": "Enough records in scope have an identity, of any age, or are "
    "waiting to retry. The scope follows INCLUDE_NULL_CANONICAL.",
    "identity_coverage_holds": "The share of records in scope that have an identity reaches its "
    "floor, and has not fallen below the best recent snapshot.",
    "artwork_coverage_holds": "The share of records with a cover, of those that want one, reaches "
    "its floor, and has not fallen below the best recent snapshot.",
    "artwork_reaches_its_target": "Enough of the records that want a cover have one, or no cover "
    "was found for them.",
    "compilations_are_classified": "LML has classified enough of the compilation records in scope.",
    "nothing_is_asked_twice": "LML was not asked about any record again before the window of its "
    "previous answer ended; rechecks are exempt.",
    "no_row_lies_past_the_last_range": "Every record belongs to a range; warns when the ranges "
    "are about to run out.",
    "answers_agree_with_tables": "Every applied answer is reflected in the Backend's tables.",
    "no_source_is_orphaned": "No record has sources without an identity.",
}
"""What is true when each check passes, by the check's name."""


def evaluate_gates(
    now: Snapshot, history: History, floors: Floors, ceiling: int
) -> list[GateResult]:
    """Return the result of every check, in order; `ceiling` is the last id of the last range."""
    return [
        _check_coverage(now, floors),
        check_regression("identity_coverage_holds", IDENTITIES, now, history, floors),
        check_regression("artwork_coverage_holds", COVERS, now, history, floors),
        _check_artwork_target(now, floors),
        _check_compilations(now, floors),
        _check_asked_twice(now, floors),
        _check_ranges(now, ceiling),
        _check_agreement(now, floors),
        _check_orphans(now, floors),
    ]


def _check_coverage(now: Snapshot, floors: Floors) -> GateResult:
    total = now.total
    return check_share(
        "the_library_is_covered",
        f"records in scope ({now.scope}) are identified or waiting to retry",
        part=total.identified + total.waiting_to_retry,
        whole=total.in_scope,
        floor=floors.coverage,
        offenders=offending_ranges(now, Violation.UNCOVERED),
        more_numbers={
            "identified": total.identified,
            "resting": total.waiting_to_retry,
            "open": total.open_records,
            "in_scope": total.in_scope,
        },
    )


def _check_artwork_target(now: Snapshot, floors: Floors) -> GateResult:
    return check_share(
        "artwork_reaches_its_target",
        "records that want a cover have one, or no cover was found for them",
        part=now.total.covers_settled,
        whole=now.total.covers_wanted,
        floor=floors.artwork_target,
        offenders=offending_ranges(now, Violation.WITHOUT_COVER),
    )


def _check_compilations(now: Snapshot, floors: Floors) -> GateResult:
    return check_share(
        "compilations_are_classified",
        "compilation records in scope are classified",
        part=now.total.compilations_classified,
        whole=now.total.compilations,
        floor=floors.compilations,
        offenders=offending_ranges(now, Violation.UNCLASSIFIED),
        more_numbers={"matched": now.total.compilations_matched},
    )


def _check_asked_twice(now: Snapshot, floors: Floors) -> GateResult:
    return check_violations(
        "nothing_is_asked_twice",
        "asked about again within the window of the previous answer",
        now=now,
        violation=Violation.ASKED_TWICE,
        at_most=floors.asked_twice,
    )


def _check_ranges(now: Snapshot, ceiling: int) -> GateResult:
    name, outside = "no_row_lies_past_the_last_range", now.total.violating(Violation.OUTSIDE)
    largest = now.total.largest_id
    if outside:
        description = (
            f"{records(outside)} in no range: the last range ends at {ceiling}, the largest id "
            f"is {largest}. Raise LIBRARY_MAX_ID."
        )
        offenders = offending_ranges(now, Violation.OUTSIDE)
        return GateResult(name, False, description, outside, 0, offenders)
    if largest >= NEARLY_FULL * ceiling:
        description = (
            f"The largest id is {largest}, at {percent(largest / ceiling)} of the last range's end "
            f"({ceiling}). Raise LIBRARY_MAX_ID soon: new records would belong to no range."
        )
        return GateResult(name, False, description, largest / ceiling, NEARLY_FULL, is_warning=True)
    description = (
        f"Every record belongs to a range: the largest id is {largest}, "
        f"the last range ends at {ceiling}."
    )
    return GateResult(name, True, description, outside, 0)


def _check_agreement(now: Snapshot, floors: Floors) -> GateResult:
    total = now.total
    disagreeing = total.violating(Violation.DISAGREEING)
    return check_share(
        "answers_agree_with_tables",
        "records agree with LML's applied answers",
        part=total.library_rows - disagreeing,
        whole=total.library_rows,
        floor=floors.agreement,
        offenders=offending_ranges(now, Violation.DISAGREEING),
        more_numbers={"disagreeing": disagreeing},
    )


def _check_orphans(now: Snapshot, floors: Floors) -> GateResult:
    return check_violations(
        "no_source_is_orphaned",
        "with sources but no identity",
        now=now,
        violation=Violation.ORPHANED,
        at_most=floors.orphaned_sources,
    )
