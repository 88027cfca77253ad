"""How much of the library is covered."""

from collections import Counter
from datetime import datetime, timedelta

from wxyc_assets.adapters.database import Database
from wxyc_assets.domain.candidates import Cohort, Scope


class Coverage:
    """Counts over the whole library; reads only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_state(self, scope: Scope) -> Counter[tuple[Cohort, str]]:
        """Library rows by cohort and by how far they got, in words for people."""
        async with self._database.transaction() as transaction:
            rows = await transaction.fetch(
                "count_coverage",
                {
                    "stale_window": timedelta(days=scope.stale_days),
                    "retry_window": timedelta(days=scope.retry_days),
                },
            )
        return Counter({(Cohort(r["cohort"]), r["state"]): r["library_rows"] for r in rows})

    async def progress(self, since: datetime) -> tuple[int, int]:
        """Rows found due since then, and those of them that were answered and applied."""
        async with self._database.transaction() as transaction:
            (row,) = await transaction.fetch("count_progress", {"since": since})
        return row["due"], row["done"]
