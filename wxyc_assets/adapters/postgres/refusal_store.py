"""Refusals: answers and covers by the database, records by LML."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wxyc_assets.adapters.postgres.database import Database


class RefusedQuestion(StrEnum):
    """The question about a record."""

    IDENTITY = "identity"
    COVER = "cover"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A stored answer that the database did not take, or a record that LML refused."""

    library_id: int
    subject: RefusedQuestion
    artist_name: str
    album_title: str
    is_by_lml: bool
    reason: str
    since: datetime
    """The time of LML's answer or refusal."""
    ask_again_at: datetime | None
    """The time at which a person wanted it asked again."""


class RefusalStore:
    """Lists refusals, and marks them to be asked about again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def refused(self) -> list[Refusal]:
        """Return every refusal, by library id."""
        rows = await self._database.fetch("refusals/select_refused")
        for row in rows:
            row["subject"] = RefusedQuestion(row["subject"])
        return [Refusal(**row) for row in rows]

    async def ask_again(self, refusals: Sequence[Refusal]) -> None:
        """Have the next run over their ranges ask LML anew, whether they are due or not."""
        identities = [
            each.library_id for each in refusals if each.subject is RefusedQuestion.IDENTITY
        ]
        covers = [each.library_id for each in refusals if each.subject is RefusedQuestion.COVER]
        async with self._database.transaction() as transaction:
            await transaction.execute(
                "refusals/ask_again_about_identities", {"library_ids": identities}
            )
            await transaction.execute("refusals/ask_again_about_covers", {"library_ids": covers})
