"""Sweeping what is of no use any more from our own tables."""

from contextlib import suppress
from datetime import datetime, timedelta

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.identity_store import Clock
from wxyc_assets.domain.retention import RetentionWindows


class RetentionStore:
    """Sweeps old rows; `now` comes from `clock`, else from the database."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock

    async def sweep(self, windows: RetentionWindows) -> dict[str, int]:
        """Sweep everything that has outlived its window; return the numbers by kind."""
        return {
            name: await self._sweep(name, days, is_kept=True)
            for name, days in _sweeps(windows).items()
        }

    async def rehearse(self, windows: RetentionWindows) -> dict[str, int]:
        """Return what `sweep` would do; everything is rolled back."""
        return {
            name: await self._sweep(name, days, is_kept=False)
            for name, days in _sweeps(windows).items()
        }

    async def _sweep(self, name: str, days: float, *, is_kept: bool) -> int:
        swept = 0
        with suppress(_RolledBack):
            async with self._database.transaction() as transaction:
                (row,) = await transaction.fetch(
                    f"retention/{name}", {"window": timedelta(days=days), "now": self._now()}
                )
                swept = row["swept"]
                if not is_kept:
                    raise _RolledBack
        return swept

    def _now(self) -> datetime | None:
        return self._clock() if self._clock else None


class _RolledBack(Exception):
    """Rolls a transaction back."""


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
