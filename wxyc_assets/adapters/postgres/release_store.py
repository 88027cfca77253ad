"""The releases of records, and the writer of `library_identity.discogs_release_id`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from wxyc_assets.adapters.lml.wire import dump
from wxyc_assets.adapters.postgres.clock import Clock, database_now
from wxyc_assets.adapters.postgres.database import Database, retry_on_deadlock
from wxyc_assets.adapters.postgres.errors import RowRefused
from wxyc_assets.adapters.postgres.identity_store import NOTES_MARK
from wxyc_assets.domain.artwork import RULES_VERSION
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.domain.releases import Release
from wxyc_assets.domain.run_checks import WrittenCount


@dataclass(frozen=True, slots=True)
class PutCount:
    """Rows that were written and removed in a range, and those that it has then."""

    written: int
    removed: int
    releases: int


class ReleaseStore:
    """Reads and writes by range and by batch; without a `clock`, the database's now()."""

    def __init__(self, database: Database, clock: Clock = database_now) -> None:
        self.database = database
        self._now = clock

    async def put(
        self,
        id_range: IdRange,
        releases: Mapping[int, tuple[Release, datetime]],
        withdrawn: Collection[int],
        run_id: str,
    ) -> PutCount:
        """Store the range's releases, by library id with the dates of their answers.

        `withdrawn` are the records whose answer names no release any more.
        """
        rows = [
            {"library_id": library_id, **_values(release), "answered_at": answered_at.isoformat()}
            for library_id, (release, answered_at) in releases.items()
        ]
        (count,) = await self.database.fetch(
            "releases/put_releases",
            {
                "first": id_range.first,
                "last": id_range.last,
                "releases": Jsonb(rows, dumps=dump),
                "withdrawn": list(withdrawn),
                "rules_version": RULES_VERSION,
                "now": self._now(),
                "run_id": run_id,
            },
        )
        return PutCount(**count)

    async def fillable(self, id_range: IdRange) -> list[int]:
        """Return the range's records whose identity is to get its release, in id order."""
        rows = await self.database.fetch(
            "releases/select_fillable",
            {"first": id_range.first, "last": id_range.last, "mark": NOTES_MARK},
        )
        return [row["library_id"] for row in rows]

    @retry_on_deadlock
    async def fill(self, library_ids: Sequence[int], run_id: str) -> int:
        """Write the releases of these records where there is none; return how many were written.

        Raises RowRefused when one cannot be written; then nothing is written.
        """
        async with self.database.transaction() as transaction:
            rows = await transaction.fetch(
                "releases/fill_release_ids",
                {
                    "library_ids": list(library_ids),
                    "mark": NOTES_MARK,
                    "now": self._now(),
                    "run_id": run_id,
                },
            )
            if not all(row["is_written"] for row in rows):
                raise RowRefused("the release was discarded without an error, as by a trigger")
        return len(rows)

    async def count_written(self, id_range: IdRange, run_id: str) -> WrittenCount:
        """Count the range's releases whose record has an identity, and those that it lacks."""
        (row,) = await self.database.fetch(
            "releases/count_written_releases",
            {
                "first": id_range.first,
                "last": id_range.last,
                "mark": NOTES_MARK,
                "run_id": run_id,
            },
        )
        return WrittenCount(**row)


def _values(release: Release) -> dict[str, Any]:
    """Return the fields by name; `asdict` would copy each value, and take six times as long."""
    return {each.name: getattr(release, each.name) for each in fields(release)}
