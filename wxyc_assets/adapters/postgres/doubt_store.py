"""Doubts about what is stored, found by SQL over the library's tables."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from wxyc_assets.adapters.postgres.clock import Clock, database_now
from wxyc_assets.adapters.postgres.database import Database, Transaction
from wxyc_assets.adapters.postgres.identity_store import NOTES_MARK
from wxyc_assets.domain.doubts import (
    CoverTitle,
    Doubt,
    DoubtCount,
    DoubtReason,
    Doubts,
    DoubtSubject,
    Severity,
)

STATEMENTS = (
    "doubts/put_other_own_ids",
    "doubts/put_shared_ids",
    "doubts/put_contradicting_sources",
    "doubts/put_changed_minds",
    "doubts/put_shared_covers",
    "doubts/put_other_titles",
    "doubts/put_other_releases",
)
SEVERITIES = {f"{each}_severity": each.severity for each in DoubtReason}
"""The severity of each reason, as the statements take it."""
COVER_REASONS = [each for each in DoubtReason if each.subject is DoubtSubject.COVER]
BATCH_ROWS = 5_000
"""Titles that are compared at a time: memory does not grow with the library."""


class DoubtStore:
    """Finds, stores and lists doubts; without a `clock`, the database's now()."""

    def __init__(self, database: Database, clock: Clock = database_now) -> None:
        self._database = database
        self._now = clock

    async def titles(self) -> AsyncGenerator[CoverTitle]:
        """Yield the covers whose album LML names otherwise than the record, in id order."""
        after, batch = 0, [CoverTitle(0, "", "")]
        while batch:
            rows = await self._database.fetch(
                "doubts/select_cover_titles", {"after": after, "limit": BATCH_ROWS}
            )
            batch = [CoverTitle(**row) for row in rows]
            for each in batch:
                yield each
                after = each.library_id

    async def replace(self, run_id: str, other_titles: Sequence[CoverTitle]) -> None:
        """Find all doubts anew and count them; those that are found no more are deleted.

        `other_titles` are the covers of albums whose titles are far from the records'.
        """
        async with self._database.transaction() as transaction:
            await self._find(transaction, run_id, other_titles)
            await _put_plays(transaction)
            await transaction.execute(
                "doubts/put_counts",
                {
                    "run_id": run_id,
                    "now": self._now(),
                    "reasons": [*DoubtReason],
                    "subjects": [each.subject for each in DoubtReason],
                },
            )

    async def preview(
        self, run_id: str, other_titles: Sequence[CoverTitle]
    ) -> dict[DoubtReason, int]:
        """Return how many doubts of each reason there would be; nothing is stored."""
        async with self._database.rehearsal() as transaction:
            await self._find(transaction, run_id, other_titles)
            rows = await transaction.fetch("doubts/count_doubts")
        found = {DoubtReason(row["reason"]): int(row["records"]) for row in rows}
        return {reason: found.get(reason, 0) for reason in DoubtReason}

    async def newest(self, most_played: int) -> Doubts | None:
        """Return the newest counts, with the doubtful records played most; None if never run."""
        async with self._database.transaction() as transaction:
            counts = await transaction.fetch("doubts/select_counts")
            (records,) = await transaction.fetch("doubts/count_doubtful_records")
            shown = await transaction.fetch("doubts/select_most_played", {"limit": most_played})
        now, before = (_counts(counts, place) for place in (1, 2))
        if not now:
            return None
        return Doubts(
            counts=now,
            before=before,
            doubtful_records=records["records"],
            plays_are_known=records["plays_are_known"],
            most_played=tuple(map(_doubt, shown)),
        )

    async def _find(
        self, transaction: Transaction, run_id: str, other_titles: Sequence[CoverTitle]
    ) -> None:
        parameters = {
            **SEVERITIES,
            "run_id": run_id,
            "now": self._now(),
            "mark": NOTES_MARK,
            "library_ids": [each.library_id for each in other_titles],
            "titles": [each.found_title for each in other_titles],
        }
        await transaction.execute("doubts/lock_doubts")
        await transaction.execute("doubts/unmark_doubts", {"run_id": run_id})
        for statement in STATEMENTS:
            await transaction.execute(statement, parameters)
        await transaction.execute("doubts/delete_settled_doubts", {"run_id": run_id})
        await transaction.execute("doubts/delete_chosen_covers", {"reasons": COVER_REASONS})


async def _put_plays(transaction: Transaction) -> None:
    """Add the plays where the station counts them; elsewhere they stay unknown."""
    (found,) = await transaction.fetch("doubts/has_plays")
    if found["has_plays"]:
        await transaction.execute("doubts/put_plays")


def _counts(rows: list[dict[str, Any]], place: int) -> dict[DoubtReason, DoubtCount]:
    found = {
        DoubtReason(row["reason"]): DoubtCount(
            DoubtReason(row["reason"]), row["records"], row["judged"]
        )
        for row in rows
        if row["place"] == place
    }
    return {reason: found[reason] for reason in DoubtReason if reason in found}


def _doubt(row: Mapping[str, Any]) -> Doubt:
    return Doubt(
        library_id=row["library_id"],
        artist_name=row["artist_name"],
        album_title=row["album_title"],
        reason=DoubtReason(row["reason"]),
        severity=Severity(row["severity"]),
        evidence=row["evidence"],
        plays=row["plays"],
    )
