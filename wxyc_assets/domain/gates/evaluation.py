"""The checks on a snapshot of the coverage, each with its number, its floor and its ranges."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from wxyc_assets.domain.coverage import Snapshot, Violation
from wxyc_assets.domain.gates.disappearance import check_disappearance
from wxyc_assets.domain.gates.floors import Floors
from wxyc_assets.domain.gates.freshness import check_freshness, check_runs
from wxyc_assets.domain.gates.history import History
from wxyc_assets.domain.gates.regression import COVERS, IDENTITIES, check_regression
from wxyc_assets.domain.gates.result import (
    GateResult,
    check_share,
    check_violations,
    offending_ranges,
    percent,
    records,
)
from wxyc_assets.domain.gates.stability import (
    check_flips,
    check_shared_covers,
    check_shared_ids,
    check_written,
)
from wxyc_assets.domain.gates.stage import WHOLE, Stage, restricted
from wxyc_assets.domain.gates.yields import check_answers, check_lookups
from wxyc_assets.domain.totals import Totals

NEARLY_FULL: Final = 0.95
"""From this share of the ceiling on, the ranges are about to run out."""

CHECK_DESCRIPTIONS: dict[str, str] = {
    "the_library_is_covered": "Enough records in scope have an identity, of any age, or are "
    "waiting to retry. The scope is that of the run.",
    "identity_coverage_holds": "The share of records in scope that have an identity reaches its "
    "floor, and has not fallen below the best accepted snapshot.",
    "artwork_coverage_holds": "The share of records with a cover, of those that want one, reaches "
    "its floor, and has not fallen below the best accepted snapshot.",
    "artwork_reaches_its_target": "Enough of the records that want a cover have one, or no cover "
    "was found for them.",
    "compilations_are_classified": "LML has classified enough of the compilation records in scope.",
    "nothing_is_asked_twice": "LML was not asked about any record again before the window of its "
    "previous answer ended; rechecks are exempt.",
    "no_row_lies_past_the_last_range": "Every record belongs to a range; warns when the ranges "
    "are about to run out.",
    "answers_agree_with_tables": "Every applied answer is reflected in the Backend's tables.",
    "no_source_is_orphaned": "No record has sources without an identity.",
    "nothing_has_disappeared": "No count (records, identities, covers, credits, rotation, ...) has "
    "lost too much since the accepted snapshots, or gone to nothing.",
    "answers_have_yield": "LML's answers hold enough identities, confirm those that are there, and "
    "are rarely refusals.",
    "lookups_have_yield": "LML's lookups find enough covers, and are rarely left unanswered.",
    "answers_are_written": "Nearly every answer and every cover that was found is in the tables.",
    "identities_are_fresh": "Enough identities were verified within four staleness windows.",
    "runs_are_recent": "Every range was completed within the last days, and no date lies in the "
    "future.",
    "decisions_are_stable": "LML has not replaced too many identities, or covers, by others.",
    "external_ids_are_distinct": "No external id belongs to too many artists.",
    "covers_are_distinct": "No cover belongs to too many albums.",
}
"""What is true when each check passes, by the check's name."""


@dataclass(frozen=True, slots=True)
class Case:
    """All that the checks judge by."""

    now: Snapshot
    history: History
    floors: Floors
    ceiling: int
    """The last id of the last range."""
    stage: Stage = WHOLE

    @property
    def asked(self) -> Snapshot:
        """The snapshot of the ranges whose identities are judged."""
        return restricted(self.now, self.stage.identity)

    @property
    def looked_up(self) -> Snapshot:
        """The snapshot of the ranges whose covers are judged."""
        return restricted(self.now, self.stage.artwork)

    @property
    def baselines(self) -> tuple[Snapshot, ...]:
        """Accepted snapshots of the same scope."""
        return self.history.comparable(self.now)


def evaluate_gates(case: Case) -> list[GateResult]:
    """Return the result of every check, in the order of `CHECK_DESCRIPTIONS`."""
    return [*_of_slices(case), *_of_totals(case)]


def _of_slices(case: Case) -> Iterator[GateResult]:
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


def _of_totals(case: Case) -> Iterator[GateResult]:
    now, history, floors = case.now, case.history, case.floors
    checks: dict[str, Callable[[Totals], GateResult]] = {
        "nothing_has_disappeared": partial(
            check_disappearance, now, history=history, floors=floors
        ),
        "answers_have_yield": partial(check_answers, baselines=case.baselines, floors=floors),
        "lookups_have_yield": partial(check_lookups, baselines=case.baselines, floors=floors),
        "answers_are_written": partial(check_written, floors=floors),
        "identities_are_fresh": partial(check_freshness, floors=floors),
        "runs_are_recent": partial(check_runs, now, history=history, floors=floors),
        "decisions_are_stable": partial(check_flips, floors=floors),
        "external_ids_are_distinct": partial(check_shared_ids, now, floors=floors),
        "covers_are_distinct": partial(check_shared_covers, now, floors=floors),
    }
    for name, check in checks.items():
        if now.totals is None:
            yield _without_totals(name)
        elif name in {"identities_are_fresh", "runs_are_recent"} and not case.stage.is_whole:
            yield _only_shown(check(now.totals))
        else:
            yield check(now.totals)


def _without_totals(name: str) -> GateResult:
    description = (
        "This snapshot has no counts: an older version took it, or somebody changed it. Take a "
        "new one with the job coverage_gates."
    )
    return GateResult(name, False, description, 0.0, 0.0)


def _staged(ranges: frozenset[str] | None, result: GateResult) -> GateResult:
    """Add what was judged in a stage of a rollout; without ranges, the result is only shown."""
    if ranges is None:
        return result
    if not ranges:
        return _only_shown(result)
    noun = "range" if len(ranges) == 1 else "ranges"
    return result.extended(f"Judged: the {len(ranges)} {noun} of the backfill.")


def _only_shown(result: GateResult) -> GateResult:
    return GateResult(
        result.name,
        True,
        f"Only shown, as the backfill did not ask for it: {result.description}",
        result.number,
        result.floor,
        numbers=result.numbers,
    )


def _check_coverage(case: Case) -> GateResult:
    asked, total = case.asked, case.asked.total
    name = "the_library_is_covered"
    if not total.in_scope and (problem := _why_scope_is_empty(case)):
        return GateResult(name, False, problem, 0.0, case.floors.coverage)
    return check_share(
        name,
        f"records in scope ({asked.scope}) are identified or waiting to retry",
        part=total.covered,
        whole=total.in_scope,
        floor=case.floors.coverage,
        offenders=offending_ranges(asked, Violation.UNCOVERED),
        more_numbers={
            "identified": total.identified,
            "resting": total.waiting_to_retry,
            "open": total.open_records,
            "in_scope": total.in_scope,
        },
    )


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
        whole=now.total.covers_wanted,
        floor=case.floors.artwork_target,
        offenders=offending_ranges(now, Violation.WITHOUT_COVER),
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
