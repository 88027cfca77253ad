"""The checks on a snapshot of the coverage."""

from collections.abc import Callable, Iterator
from functools import partial

from wxyc_assets.domain.gates.case import Case, only_shown
from wxyc_assets.domain.gates.disappearance import check_disappearance
from wxyc_assets.domain.gates.freshness import check_freshness, check_runs
from wxyc_assets.domain.gates.result import GateResult
from wxyc_assets.domain.gates.slice_checks import check_slices
from wxyc_assets.domain.gates.stability import (
    check_flips,
    check_shared_covers,
    check_shared_ids,
    check_written,
)
from wxyc_assets.domain.gates.yields import check_answers, check_lookups
from wxyc_assets.domain.totals import Totals

CHECK_DESCRIPTIONS: dict[str, str] = {
    "the_library_is_covered": "enough records in scope have an identity, of any age, or are "
    "waiting to retry. The scope is that of the run.",
    "identity_coverage_holds": "the share of records in scope that have an identity reaches its "
    "floor, and has not fallen below the best accepted snapshot.",
    "artwork_coverage_holds": "the share of records with a cover, of those that want one, reaches "
    "its floor, and has not fallen below the best accepted snapshot.",
    "artwork_reaches_its_target": "enough of the records that want a cover have one, or no cover "
    "was found for them.",
    "compilations_are_classified": "LML has classified enough of the compilation records in scope.",
    "nothing_is_asked_twice": "LML was not asked about any record again before the window of its "
    "previous answer ended; rechecks are exempt.",
    "no_row_lies_past_the_last_range": "every record belongs to a range; warns when the ranges "
    "are about to run out.",
    "answers_agree_with_tables": "every applied answer is reflected in the Backend's tables.",
    "no_source_is_orphaned": "no record has sources without an identity.",
    "nothing_has_disappeared": "no count (records, identities, covers, credits, rotation, ...) has "
    "lost too much since the accepted snapshots, or gone to nothing.",
    "answers_have_yield": "LML's answers hold enough identities, confirm those that are there, and "
    "are rarely refusals.",
    "lookups_have_yield": "LML's lookups find enough covers, and are rarely left unanswered.",
    "answers_are_written": "nearly every answer and every cover that was found is in the tables.",
    "identities_are_fresh": "enough identities were verified within four staleness windows.",
    "runs_are_recent": "every range was completed within the last days, and no date lies in the "
    "future.",
    "decisions_are_stable": "LML has not replaced too many identities, or covers, by others.",
    "external_ids_are_distinct": "no external id belongs to too many artists.",
    "covers_are_distinct": "no cover belongs to too many albums.",
}
"""What is true of the library when a check passes, by the check's name."""


def evaluate_gates(case: Case) -> list[GateResult]:
    """Return the result of every check, in the order of `CHECK_DESCRIPTIONS`."""
    return [*check_slices(case), *_of_totals(case)]


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
            yield only_shown(check(now.totals))
        else:
            yield check(now.totals)


def _without_totals(name: str) -> GateResult:
    description = (
        "This snapshot has no counts: an older version took it, or somebody changed it. Take a "
        "new one with the job coverage_gates."
    )
    return GateResult(name, False, description, 0.0, 0.0)
