"""Accepted snapshots, the baselines of later ones."""

from collections.abc import Mapping
from typing import Any

from wxyc_assets.adapters.postgres.clock import Clock, database_now
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.snapshot_rows import to_snapshot
from wxyc_assets.domain.gates.history import Acceptance, Baseline
from wxyc_assets.domain.totals import UnreadableTotals, read_totals

MOST_READ = 2_000


class AcceptanceStore:
    """Reads and writes `coverage_acceptance`; without a `clock`, the database's now()."""

    def __init__(self, database: Database, clock: Clock = database_now) -> None:
        self._database = database
        self._now = clock

    async def accept(self, run_id: str, *, accepted_by: str, why: str | None) -> bool:
        """Accept a snapshot; False if it was accepted before, or is not there."""
        accepted = await self._database.fetch(
            "coverage/put_acceptance",
            {
                "run_id": run_id,
                "accepted_by": accepted_by,
                "why": why,
                "now": self._now(),
            },
        )
        return bool(accepted)

    async def accepted(self) -> list[Baseline]:
        """Return what was accepted, the newest first, with the totals of each snapshot."""
        rows = await self._database.fetch("coverage/select_acceptances", {"limit": MOST_READ})
        return [_baseline(each) for each in rows]


def _baseline(row: Mapping[str, Any]) -> Baseline:
    acceptance = Acceptance(
        run_id=row["accepted_run_id"],
        taken_at=row["accepted_taken_at"],
        accepted_at=row["accepted_at"],
        accepted_by=row["accepted_by"],
        why=row["why"],
    )
    if row["dimension"] is None:
        return Baseline(acceptance, None, "its snapshot is no longer in coverage_snapshot")
    try:
        snapshot = to_snapshot([row])
        if snapshot.totals is None:
            read_totals(row["counts"])  # raises, and says what is wrong with them
        return Baseline(acceptance, snapshot)
    except UnreadableTotals as error:
        return Baseline(acceptance, None, str(error))
    except (ValueError, AttributeError, TypeError) as error:
        return Baseline(acceptance, None, f"its snapshot cannot be read: {error}")
