"""The station's flowsheet, which shows when a DJ is on the air."""

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.errors import NotPermitted


class FlowsheetStore:
    """Reads the Backend's `flowsheet` (docs/contracts/backend-db.md, "Tables that are read")."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def is_live(self, lookback_seconds: float) -> bool:
        """Return True if a track was logged within the last seconds; raise DatabaseError."""
        try:
            (row,) = await self._database.fetch(
                "flowsheet/select_is_live", {"lookback_seconds": lookback_seconds}
            )
        except NotPermitted as error:
            raise NotPermitted(
                f"{error} Until then LIVE_ACTIVITY_LOOKBACK_SECONDS=0 runs without giving way to "
                "the DJs."
            ) from error
        return row["is_live"]
