"""The checks on the states of records, each with its number, its floor and its ranges."""

from collections.abc import Iterator, Sequence
from typing import Final

from wxyc_assets.domain.coverage import Snapshot, Violation
from wxyc_assets.domain.gates.case import Case, only_shown
from wxyc_assets.domain.gates.floors import Floors
from wxyc_assets.domain.gates.regression import COVERS, IDENTITIES, check_regression
from wxyc_assets.domain.gates.result import (
    GateResult,
    check_share,
    check_violations,
    offending_ids,
    offending_ranges,
    records,
)
from wxyc_assets.domain.gates.stage import restricted
from wxyc_assets.domain.percent import percent
from wxyc_assets.domain.totals import Count

NEARLY_FULL: Final = 0.95
"""From this share of the ceiling on, the ranges are about to run out."""
MOST_NEW: Final = 0.05
"""The most of the library that may wait for its first scheduled run."""


def check_slices(case: Case) -> Iterator[GateResult]:
    """Yield the results in the order in which they are shown."""
    stage, floors, now = case.stage, case.floors, case.now
    yield _staged(stage.identity, _check_coverage(case))
    yield _staged(stage.identity, _check_identities(case))
    yield _staged(stage.artwork, _check_covers(case))
    yield _staged(stage.artwork, _check_artwork_target(case))
    yield _staged(stage.identity, _check_compilations(case))
    yield check_violations(
        "nothing_is_asked_twice",
        "asked about again within the window of the previous answer",
        now=now,
        violation=Violation.ASKED_TWICE,
        at_most=floors.asked_twice,
    )
    yield _check_ranges(now, case.ceiling)
    yield _check_agreement(now, floors)
    yield check_violations(
        "no_source_is_orphaned",
        "with sources but no identity",
        now=now,
        violation=Violation.ORPHANED,
        at_most=floors.orphaned_sources,
    )


def _staged(ranges: frozenset[str] | None, result: GateResult) -> GateResult:
    """Add what was judged in a stage of a rollout; without ranges, the result is only shown."""
    if ranges is None:
        return result
    if not ranges:
        return only_shown(result)
    noun = "range" if len(ranges) == 1 else "ranges"
    return result.extended(f"Judged: the {len(ranges)} {noun} of the backfill.")


def _check_coverage(case: Case) -> GateResult:
    asked, total = case.asked, case.asked.total
    name = "the_library_is_covered"
    if not total.in_scope and (problem := _why_scope_is_empty(case)):
        return GateResult(name, False, problem, 0.0, case.floors.coverage)
    return check_share(
        name,
        f"records in scope ({asked.scope}) are identified or waiting to retry",
        part=total.covered,
        whole=total.in_scope - _new(case, Count.NEW_UNCOVERED, total.in_scope),
        floor=case.floors.coverage,
        offenders=offending_ranges(asked, Violation.UNCOVERED),
        record_ids=offending_ids(asked, Violation.UNCOVERED),
        more_numbers={
            "identified": total.identified,
            "resting": total.waiting_to_retry,
            "open": total.open_records,
            "in_scope": total.in_scope,
        },
    )


def _new(case: Case, count: Count, whole: int) -> int:
    """Return how many records came in so lately that no scheduled run could have asked about them.

    At most a twentieth of the library: more is an import, which is asked for by itself.
    """
    totals = case.now.totals
    if totals is None or not case.stage.is_whole:
        return 0
    return min(totals[count], int(whole * MOST_NEW))


def _why_scope_is_empty(case: Case) -> str | None:
    """Return what is wrong with an empty scope; None if the library is empty and always was."""
    rows = case.now.total.library_rows
    if rows and case.stage.is_whole:
        return (
            f"No record is in scope ({case.now.scope}), although the library has {records(rows)}. "
            "Find out who emptied canonical_entity_id or artist_name, or widen the scope."
        )
    if not rows and any(each.total.library_rows for each in case.history.snapshots):
        return "The library is empty, and was not in the accepted snapshots. Restore it."
    return None


def _check_identities(case: Case) -> GateResult:
    baselines = _restricted_all(case.baselines, case.stage.identity)
    name = "identity_coverage_holds"
    return check_regression(name, IDENTITIES, case.asked, baselines, case.floors)


def _check_covers(case: Case) -> GateResult:
    baselines = _restricted_all(case.baselines, case.stage.artwork)
    name = "artwork_coverage_holds"
    return check_regression(name, COVERS, case.looked_up, baselines, case.floors)


def _restricted_all(baselines: Sequence[Snapshot], ranges: frozenset[str] | None) -> list[Snapshot]:
    return [restricted(each, ranges) for each in baselines]


def _check_artwork_target(case: Case) -> GateResult:
    now = case.looked_up
    return check_share(
        "artwork_reaches_its_target",
        "records that want a cover have one, or no cover was found for them",
        part=now.total.covers_settled,
        whole=now.total.covers_wanted
        - _new(case, Count.NEW_WITHOUT_COVER, now.total.covers_wanted),
        floor=case.floors.artwork_target,
        offenders=offending_ranges(now, Violation.WITHOUT_COVER),
        record_ids=offending_ids(now, Violation.WITHOUT_COVER),
    )


def _check_compilations(case: Case) -> GateResult:
    now = case.asked
    return check_share(
        "compilations_are_classified",
        "compilation records in scope are classified",
        part=now.total.compilations_classified,
        whole=now.total.compilations,
        floor=case.floors.compilations,
        offenders=offending_ranges(now, Violation.UNCLASSIFIED),
        record_ids=offending_ids(now, Violation.UNCLASSIFIED),
        more_numbers={"matched": now.total.compilations_matched},
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
        ids = offending_ids(now, Violation.OUTSIDE)
        return GateResult(name, False, description, outside, 0, offenders, record_ids=ids)
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
        record_ids=offending_ids(now, Violation.DISAGREEING),
        more_numbers={"disagreeing": disagreeing},
    )
