"""A snapshot checked against its floors and against the snapshots before it."""

from dataclasses import dataclass

from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.domain.coverage import Snapshot
from wxyc_assets.domain.gates.evaluation import evaluate_gates
from wxyc_assets.domain.gates.floors import Floors
from wxyc_assets.domain.gates.regression import COVERS, IDENTITIES, History, best_of
from wxyc_assets.domain.gates.result import GateResult

MOST_SNAPSHOTS_READ = 2_000


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A snapshot, the earlier ones of the same scope, and the result of each check."""

    snapshot: Snapshot
    history: History
    results: list[GateResult]


async def evaluate_newest(
    coverage: CoverageStore,
    floors: Floors,
    *,
    ceiling: int,
    compared: int,
    run_id: str | None = None,
) -> Evaluation | None:
    """Evaluate the snapshot of a run, or the newest if that run took none; None if there is none.

    It is compared with at most `compared` earlier snapshots.
    """
    newest = await coverage.newest(MOST_SNAPSHOTS_READ, run_id)
    if not newest:
        return None
    now, *others = newest
    earlier = [each for each in others if each.is_comparable(now) and each.taken_at < now.taken_at]
    totals = tuple(earlier[:compared])
    best_identity, best_artwork = (best_of(totals, each) for each in (IDENTITIES, COVERS))
    needed = [each.run_id for each in (now, best_identity, best_artwork) if each]
    complete = await coverage.load(needed)
    history = History(
        totals=totals,
        best_identity=complete[best_identity.run_id] if best_identity else None,
        best_artwork=complete[best_artwork.run_id] if best_artwork else None,
    )
    snapshot = complete[now.run_id]
    results = evaluate_gates(snapshot, history, floors, ceiling)
    return Evaluation(snapshot, history, results)
