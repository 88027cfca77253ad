"""A snapshot against its floors, with the snapshots before it."""

from dataclasses import dataclass, replace

from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.domain.coverage import Snapshot
from wxyc_assets.domain.gates import (
    COVERS,
    IDENTITIES,
    Floors,
    GateResult,
    History,
    best_of,
    evaluate_gates,
)

MOST_SNAPSHOTS_READ = 2_000


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A snapshot, those before it that looked at the same scope, and what it comes to."""

    snapshot: Snapshot
    past: History
    verdicts: list[GateResult]


async def evaluate_newest(
    coverage: CoverageStore,
    floors: Floors,
    *,
    ceiling: int,
    compared: int,
    run_id: str | None = None,
) -> Evaluation | None:
    """Judges the snapshot of a run, or the newest where it took none; None without any.

    `compared` is how many snapshots before it count.
    """
    newest = await coverage.newest(MOST_SNAPSHOTS_READ, run_id)
    if not newest:
        return None
    now, *others = newest
    before = [each for each in others if each.is_comparable(now) and each.taken_at < now.taken_at]
    past = History(totals=tuple(before[:compared]))
    best = [best_of(past.totals, measure) for measure in (IDENTITIES, COVERS)]
    whole = await coverage.whole({now.run_id, *(each.run_id for each in best if each)})
    past = replace(
        past,
        best_identity=whole[best[0].run_id] if best[0] else None,
        best_artwork=whole[best[1].run_id] if best[1] else None,
    )
    now = whole[now.run_id]
    return Evaluation(now, past, evaluate_gates(now, past, floors, ceiling))
