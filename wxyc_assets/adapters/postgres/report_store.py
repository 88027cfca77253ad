"""The report's lists: records without a cover, recent changes, names of genres."""

from collections.abc import Sequence
from datetime import datetime

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.artwork import Eligibility
from wxyc_assets.domain.changes import (
    Change,
    ChangedRecord,
    DoubtfulRecord,
    NamedRecord,
    RecordsOfReport,
    UncoveredRecord,
)
from wxyc_assets.domain.prices import CoverPrice


class ReportStore:
    """Reads lists for people; writes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def names(self, library_ids: Sequence[int]) -> list[NamedRecord]:
        """Return these records with their names, in id order."""
        rows = await self._database.fetch("report/select_names", {"library_ids": list(library_ids)})
        return [NamedRecord(**each) for each in rows]

    async def records(self, eligibility: Eligibility, *, since: datetime) -> RecordsOfReport:
        """Return the lists; changes are those since a moment."""
        async with self._database.transaction() as transaction:
            changes = await transaction.fetch("report/select_changes", {"since": since})
            uncovered = await transaction.fetch(
                "report/select_without_cover", {"eligibility": eligibility}
            )
            doubtful = await transaction.fetch("report/select_doubtful")
            genres = await transaction.fetch("report/select_genres", {})
            (price,) = await transaction.fetch("report/count_prices", {"since": since})
        return RecordsOfReport(
            since=since,
            changes=tuple(ChangedRecord(Change(each.pop("change")), **each) for each in changes),
            without_cover=tuple(UncoveredRecord(**each) for each in uncovered),
            doubtful=tuple(DoubtfulRecord(**each) for each in doubtful),
            genres={each["genre_id"]: each["genre_name"] for each in genres},
            price=CoverPrice(**price),
        )
