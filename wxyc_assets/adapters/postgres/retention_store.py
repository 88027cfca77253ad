"""Deletion of old rows from our own tables."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from wxyc_assets.adapters.postgres.clock import Clock, database_now
from wxyc_assets.adapters.postgres.database import Database, Transaction
from wxyc_assets.domain.retention import RetentionWindows


class RetentionStore:
    """Sweeps old rows; `now` comes from `clock`, else from the database."""

    def __init__(self, database: Database, clock: Clock = database_now) -> None:
        self._database = database
        self._now = clock

    async def sweep(self, windows: RetentionWindows) -> dict[str, int]:
        """Sweep everything that has outlived its window; return the numbers by kind."""
        return await self._sweep(windows, self._database.transaction)

    async def rehearse(self, windows: RetentionWindows) -> dict[str, int]:
        """Return what `sweep` would do; everything is rolled back."""
        return await self._sweep(windows, self._database.rehearsal)

    async def _sweep(
        self,
        windows: RetentionWindows,
        begin: Callable[[], AbstractAsyncContextManager[Transaction]],
    ) -> dict[str, int]:
        swept: dict[str, int] = {}
        for name, days in _sweeps(windows).items():
            async with begin() as transaction:
                (row,) = await transaction.fetch(
                    f"retention/{name}", {"window": timedelta(days=days), "now": self._now()}
                )
            swept[name] = row["swept"]
        return swept


def _sweeps(windows: RetentionWindows) -> dict[str, float]:
    """Return the window of each statement, in days."""
    return {
        "sweep_answers": windows.deleted_record_days,
        "sweep_lookups": windows.deleted_record_days,
        "sweep_releases": windows.deleted_record_days,
        "sweep_decisions": windows.deleted_record_days,
        "sweep_candidates": windows.candidate_days,
        "sweep_alerts": windows.alert_days,
        "sweep_journal": windows.journal_days,
        "thin_snapshots": windows.snapshot_days,
    }
