"""The tables of the rotation pipeline: active releases, and our refreshes of LML's cache."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.refreshes import RefreshTally


@dataclass(frozen=True, slots=True)
class Unidentified:
    """An active rotation release without an LML identity."""

    rotation_id: int
    artist_name: str | None
    album_title: str | None


@dataclass(frozen=True, slots=True)
class ActiveRotation:
    """The active rotation; `identity_ids` are distinct and ascending."""

    releases: int
    identity_ids: tuple[int, ...]
    unidentified: tuple[Unidentified, ...]

    @property
    def identified_share(self) -> float:
        """Share of the releases with an identity; 1 for an empty rotation."""
        return 1 - len(self.unidentified) / self.releases if self.releases else 1.0


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
class RecentRefreshes:
    """Sums over the runs of the last 24 hours."""

    runs: int
    identities_scanned: int
    not_found: int
    lml_error: int


class RotationStore:
    """Reads the Backend's rotation and records our refreshes; `clock` replaces the database's."""

    def __init__(self, database: Database, clock: Callable[[], datetime] | None = None) -> None:
        self._database = database
        self._clock = clock

    async def active(self) -> ActiveRotation:
        """Return the releases in rotation today (by the database's date, without a clock)."""
        async with self._database.transaction() as transaction:
            rows = await transaction.fetch("rotation/select_active_rotation", {"now": self._now()})
        identity_ids = {row["lml_identity_id"] for row in rows} - {None}
        return ActiveRotation(
            releases=len(rows),
            identity_ids=tuple(sorted(identity_ids)),
            unidentified=tuple(
                Unidentified(row["rotation_id"], row["artist_name"], row["album_title"])
                for row in rows
                if row["lml_identity_id"] is None
            ),
        )

    async def put_refresh(self, run: RefreshRun) -> None:
        """Store the state of a run, one row per run."""
        async with self._database.transaction() as transaction:
            await transaction.execute(
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

    async def recent_refreshes(self) -> RecentRefreshes:
        """Return the sums over the runs that began within the last 24 hours."""
        async with self._database.transaction() as transaction:
            (row,) = await transaction.fetch("rotation/sum_recent_refreshes", {"now": self._now()})
        return RecentRefreshes(**row)

    def _now(self) -> datetime | None:
        return self._clock() if self._clock else None
