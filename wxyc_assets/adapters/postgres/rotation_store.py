"""The tables of the rotation pipeline: active releases, and our refreshes of LML's cache."""

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from wxyc_assets.adapters.postgres.clock import Clock, database_now
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.refreshes import RefreshTally
from wxyc_assets.domain.rotation import ActiveRotation, RotationRelease


@dataclass(frozen=True, slots=True)
class RefreshRun:
    """The state of a refresh run, in progress or ended."""

    run_id: str
    batch_size: int
    batches: int
    calls: int
    tally: RefreshTally
    drift: Mapping[str, int]
    failure: str | None = None
    is_finished: bool = False


@dataclass(frozen=True, slots=True)
class StoredRefresh:
    """The state of a refresh, as it is stored."""

    run_id: str
    failure: str | None
    is_finished: bool
    identities_scanned: int
    lml_error: int


@dataclass(frozen=True, slots=True)
class RecentRefreshes:
    """Sums over the runs of the last 24 hours."""

    runs: int
    identities_scanned: int
    not_found: int
    lml_error: int


class RotationStore:
    """Reads the Backend's rotation and records our refreshes; `clock` replaces the database's."""

    def __init__(self, database: Database, clock: Clock = database_now) -> None:
        self._database = database
        self._now = clock

    async def active(self) -> ActiveRotation:
        """Return the releases in rotation today (by the database's date, without a clock)."""
        rows = await self._database.fetch("rotation/select_active_rotation", {"now": self._now()})
        return ActiveRotation([RotationRelease(**row) for row in rows])

    async def put_refresh(self, run: RefreshRun) -> None:
        """Store the state of a run, one row per run."""
        await self._database.execute(
            "rotation/put_refresh",
            {
                "now": self._now(),
                "run_id": run.run_id,
                "failure": run.failure and run.failure.replace("\0", "\\x00"),
                "is_finished": run.is_finished,
                "batch_size": run.batch_size,
                "batches": run.batches,
                "calls": run.calls,
                "drift": Jsonb(dict(run.drift)),
                **run.tally.counts(),
            },
        )

    async def newest_refresh(self, run_id: str) -> StoredRefresh | None:
        """Return this run's refresh; if it made none, the newest; None if there never was one."""
        rows = await self._database.fetch("rotation/select_newest_refresh", {"run_id": run_id})
        return StoredRefresh(**rows[0]) if rows else None

    async def recent_refreshes(self) -> RecentRefreshes:
        """Return the sums over the runs that began within the last 24 hours."""
        (row,) = await self._database.fetch("rotation/sum_recent_refreshes", {"now": self._now()})
        return RecentRefreshes(**row)
