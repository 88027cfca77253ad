"""The doubtful records that are most worth a person's look."""

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.answers import Source
from wxyc_assets.domain.doubts import DoubtReason, DoubtSubject, Severity
from wxyc_assets.domain.review import SEVERITY_WEIGHTS, Evidence, ReviewCard, candidates_of


class ReviewStore:
    """Reads doubts together with what is written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def most_doubtful(self, most: int) -> list[ReviewCard]:
        """Return up to `most` records with something doubted and undecided, the worst first."""
        rows = await self._database.fetch(
            "verdicts/select_review",
            {
                "severities": [*Severity],
                "weights": [SEVERITY_WEIGHTS[each] for each in Severity],
                "cover_reasons": [
                    each for each in DoubtReason if each.subject is DoubtSubject.COVER
                ],
                "sources": [*Source],
                "most": most,
            },
        )
        return [
            ReviewCard(
                row["library_id"],
                row["legacy_release_id"],
                row["artist_name"],
                row["album_title"],
                candidates_of((topic, value) for topic, value in row["candidates"]),
                row["plays"],
                tuple(
                    Evidence(DoubtReason(each["reason"]), each["evidence"])
                    for each in row["doubts"]
                ),
            )
            for row in rows
        ]
