"""A snapshot checked against its floors and against the accepted snapshots."""

from dataclasses import dataclass, replace

from wxyc_assets.adapters.postgres.acceptance_store import AcceptanceStore
from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.coverage import Snapshot
from wxyc_assets.domain.gates.case import Case
from wxyc_assets.domain.gates.evaluation import CHECK_DESCRIPTIONS, evaluate_gates
from wxyc_assets.domain.gates.floors import Floors
from wxyc_assets.domain.gates.history import History, history_of
from wxyc_assets.domain.gates.regression import COVERS, IDENTITIES, best_of
from wxyc_assets.domain.gates.result import GateResult
from wxyc_assets.domain.gates.stage import WHOLE, Stage

MOST_SNAPSHOTS_READ = 2_000
BY_CHECKS = "checks"
"""The name on record for a snapshot of which every check passed."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A snapshot, its baselines, and the result of each check."""

    snapshot: Snapshot
    history: History
    results: list[GateResult]

    @property
    def is_acceptable(self) -> bool:
        """True if every check was made, and passed or only warns."""
        passed = {each.name for each in self.results if each.passed or each.is_warning}
        return passed == {*CHECK_DESCRIPTIONS}


async def evaluate_newest(
    database: Database,
    floors: Floors,
    *,
    ceiling: int,
    baseline_days: float,
    run_id: str | None = None,
    stage: Stage = WHOLE,
) -> Evaluation | None:
    """Evaluate the snapshot of a run, or the newest if that run took none; None if there is none.

    It is compared with what was accepted in the `baseline_days` before it.
    """
    coverage = CoverageStore(database)
    newest = await coverage.newest(1, run_id)
    if not newest:
        return None
    (now,) = newest
    accepted = await AcceptanceStore(database).accepted()
    history = history_of(accepted, now, days=baseline_days)
    comparable = history.comparable(now)
    best = [best_of(comparable, each) for each in (IDENTITIES, COVERS)]
    needed = {each.run_id for each in (now, *comparable[:1], *best) if each}
    complete = await coverage.load(needed)
    snapshot, history = complete[now.run_id], _completed(history, complete)
    case = Case(snapshot, history, floors, ceiling, stage)
    return Evaluation(snapshot, history, evaluate_gates(case))


async def earlier_snapshots(database: Database, now: Snapshot) -> list[Snapshot]:
    """Return those of the same scope, accepted or not, totals only, the newest first."""
    newest = await CoverageStore(database).newest(MOST_SNAPSHOTS_READ)
    return [each for each in newest if each.is_comparable(now) and each.taken_at < now.taken_at]


async def accept_if_passed(database: Database, evaluation: Evaluation) -> None:
    """Accept the snapshot as a baseline if every check passed on it."""
    if evaluation.is_acceptable:
        run_id = evaluation.snapshot.run_id
        await AcceptanceStore(database).accept(run_id, accepted_by=BY_CHECKS, why=None)


def _completed(history: History, complete: dict[str, Snapshot]) -> History:
    """Return the history with all slices of the snapshots whose ranges are compared."""
    baselines = [
        replace(each, snapshot=complete.get(each.acceptance.run_id, each.snapshot))
        for each in history.baselines
    ]
    return replace(history, baselines=tuple(baselines))
