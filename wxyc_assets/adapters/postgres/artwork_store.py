"""The tables of the artwork pipeline: records without a cover, lookups and written covers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from psycopg.types.json import Jsonb

from wxyc_assets.adapters.lml.lookup import LookupAnswer
from wxyc_assets.adapters.lml.wire import dump
from wxyc_assets.adapters.postgres.clock import Clock, database_now
from wxyc_assets.adapters.postgres.database import Database, Transaction, retry_on_deadlock
from wxyc_assets.adapters.postgres.errors import RowRefused
from wxyc_assets.adapters.postgres.range_locks import share_verdicts
from wxyc_assets.domain.artwork import Album, CoverScope, NoCoverReason, Rules, ShownCover
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.domain.run_checks import RunAnswers, WrittenCount

COVER: Final = "cover"
LML_REFUSED: Final = "lml_refused"
UNCONFIRMED: Final = "unconfirmed"
Outcome = Literal["cover", "lml_refused", "unconfirmed"] | NoCoverReason


@dataclass(frozen=True, slots=True)
class RangeWorklist:
    """A range's records without a cover, by what is known of them."""

    due: list[Album]
    waiting: frozenset[int]
    """Ids of the records whose cover is stored, but not written yet."""
    to_decide: list[Album]
    """Records whose stored answer was decided on by other rules than this run's."""
    unconfirmed: Mapping[int, NoCoverReason]
    """Stored empty answers that wait for a look at LML's health, by library id."""
    resting: int
    """Number of records without a cover found that are waiting to retry."""
    covered_meanwhile: int
    """Number of the `waiting` that another writer has covered since."""

    @property
    def eligible(self) -> int:
        """Number of records that want a cover, due or not."""
        waiting = len(self.waiting) - self.covered_meanwhile
        stored = waiting + len(self.to_decide) + len(self.unconfirmed)
        return len(self.due) + stored + self.resting


@dataclass(frozen=True, slots=True)
class LookupOutcome:
    """The result of one lookup: a cover, a refusal by LML, or the reason against a cover.

    An unconfirmed one is an empty answer, with the reason that it will have meant. LML's answer
    itself is kept with it.
    """

    album: Album
    outcome: Outcome
    url: str | None = None
    confidence: float | None = None
    refusal: str | None = None
    outcome_if_confirmed: NoCoverReason | None = None
    answer: LookupAnswer | None = None

    def as_row(self) -> dict[str, Any]:
        """Return the lookup as `put_lookups.sql` takes it."""
        album, answer = self.album, self.answer
        return {
            "library_id": album.library_id,
            "artist_name": album.artist_name,
            "album_title": album.album_title,
            "legacy_release_id": album.legacy_release_id,
            "outcome": self.outcome,
            "url": self.url,
            "confidence": self.confidence,
            "refusal": self.refusal,
            "outcome_if_confirmed": self.outcome_if_confirmed,
            "answer": answer and answer.words,
            "unstorable": (answer and answer.unstorable) or None,
            "api_calls": answer and answer.api_calls,
        }


@dataclass(frozen=True, slots=True)
class CoverCounts:
    """Eligible records of a range, those with a cover (whoever wrote it), and those looked up."""

    albums: int
    covered: int
    lookups: int
    reverted: int
    """Those that wait because their cover was taken back."""


@dataclass(frozen=True, slots=True)
class WrittenCovers:
    """Covers of a batch that were written, and those that a person rejected; the rest raced."""

    written: frozenset[int]
    rejected: frozenset[int]


class ArtworkStore:
    """Reads and writes by range and by batch; `now` comes from `clock`, else from the database."""

    def __init__(self, database: Database, scope: CoverScope, clock: Clock = database_now) -> None:
        self.database = database
        self.scope = scope
        self.clock = clock

    async def wanted(self, id_range: IdRange) -> RangeWorklist:
        """Return the range's records that want a cover now."""
        scope = self.scope
        rows = await self.database.fetch(
            "artwork/select_albums",
            {
                **_bounds(id_range),
                "now": self.clock(),
                "retry_window": timedelta(days=scope.retry_days),
                "eligibility": scope.eligibility,
                "match": scope.rules.match,
                "least_confidence": scope.rules.least_confidence,
                "rules_version": scope.rules.version,
            },
        )
        waiting = [each for each in rows if each["state"] == "to_write"]
        return RangeWorklist(
            due=[album_in(each) for each in rows if each["state"] == "due"],
            to_decide=[album_in(each) for each in rows if each["state"] == "to_decide"],
            waiting=frozenset(each["library_id"] for each in waiting),
            unconfirmed={
                each["library_id"]: NoCoverReason(each["outcome_if_confirmed"])
                for each in rows
                if each["state"] == "unconfirmed"
            },
            resting=sum(each["state"] == "waiting_to_retry" for each in rows),
            covered_meanwhile=sum(each["is_covered"] for each in waiting),
        )

    async def store(self, lookups: Sequence[LookupOutcome], run_id: str) -> None:
        """Store the results of lookups with their date; a record may not occur twice."""
        await self.database.execute(
            "artwork/put_lookups",
            {
                "lookups": Jsonb([each.as_row() for each in lookups], dumps=dump),
                **rules_row(self.scope.rules),
                "now": self.clock(),
                "run_id": run_id,
            },
        )

    async def settle(self, verdicts: Mapping[int, bool]) -> None:
        """Settle unconfirmed lookups by library id: True if the answer counts, else unknown."""
        await self.database.execute(
            "artwork/settle_lookups",
            {"library_ids": [*verdicts], "are_certain": [*verdicts.values()]},
        )

    @retry_on_deadlock
    async def write(self, library_ids: Sequence[int], run_id: str) -> WrittenCovers:
        """Write the stored covers of these records in one transaction; return those written.

        The same transaction adds each to the journal of the run. Raises RowRefused when a row
        cannot be written; then nothing is written.
        """
        async with self.database.transaction() as transaction:
            await share_verdicts(transaction)
            rejected = await transaction.fetch(
                "artwork/mark_rejected_covers", {"library_ids": list(library_ids)}
            )
            refused = frozenset(each["library_id"] for each in rejected)
            ids = [each for each in library_ids if each not in refused]
            written = await self._put_covers(transaction, ids, run_id)
            await transaction.execute(
                "artwork/mark_covers_applied",
                {
                    "library_ids": ids,
                    "are_raced": [each not in written for each in ids],
                    "now": self.clock(),
                },
            )
        return WrittenCovers(written, refused)

    @retry_on_deadlock
    async def rehearse(self, library_ids: Sequence[int], run_id: str) -> None:
        """Write these covers and roll back; raise RowRefused if one cannot be written.

        It leaves no trace, not even in the watermark.
        """
        async with self.database.rehearsal() as transaction:
            await self._put_covers(transaction, list(library_ids), run_id)

    async def mark_unwritable(self, library_id: int, write_error: str) -> None:
        """Record why a cover could not be written; it stays unapplied."""
        await self.database.execute(
            "artwork/mark_cover_unwritable",
            {"library_id": library_id, "write_error": write_error},
        )

    async def covered(self, id_range: IdRange) -> CoverCounts:
        """Count the range's eligible records and covers as they are now."""
        (row,) = await self.database.fetch(
            "artwork/count_covers", {**_bounds(id_range), "eligibility": self.scope.eligibility}
        )
        return CoverCounts(**row)

    async def count_written(self, id_range: IdRange, run_id: str) -> WrittenCount:
        """Count the covers found for a range, and those that are not in the library."""
        scope = self.scope
        (row,) = await self.database.fetch(
            "artwork/count_written_covers",
            {
                **_bounds(id_range),
                "run_id": run_id,
                "eligibility": scope.eligibility,
                "match": scope.rules.match,
                "least_confidence": scope.rules.least_confidence,
            },
        )
        return WrittenCount(**row)

    async def count_run_lookups(self, id_range: IdRange, run_id: str) -> RunAnswers:
        """Count what the lookups of a run found for a range."""
        (row,) = await self.database.fetch(
            "artwork/count_run_lookups", {**_bounds(id_range), "run_id": run_id}
        )
        return RunAnswers(**row)

    async def first_covers(self, id_range: IdRange, most: int) -> list[ShownCover]:
        """Return the first covers in the range that we wrote and are still there, in id order."""
        rows = await self.database.fetch(
            "artwork/select_first_covers", {**_bounds(id_range), "most": most}
        )
        return [ShownCover(**row) for row in rows]

    async def _put_covers(
        self, transaction: Transaction, library_ids: list[int], run_id: str
    ) -> frozenset[int]:
        """Write the covers of the records that have none; return their ids."""
        uncovered = await transaction.fetch("artwork/lock_uncovered", {"library_ids": library_ids})
        free = frozenset(each["library_id"] for each in uncovered)
        if free:
            written = await transaction.fetch(
                "artwork/put_covers",
                {"library_ids": list(free), "run_id": run_id, "now": self.clock()},
            )
            if len(written) < len(free):
                raise RowRefused("the cover was discarded without an error, as by a trigger")
        return free


def rules_row(rules: Rules) -> dict[str, Any]:
    """Return the rules of a decision as the statements that store one take them."""
    return {
        "match": rules.match,
        "min_confidence": rules.min_confidence,
        "rules_version": rules.version,
    }


def album_in(row: Mapping[str, Any]) -> Album:
    """Return the album of a row."""
    return Album(
        row["library_id"], row["artist_name"], row["album_title"], row["legacy_release_id"]
    )


def _bounds(id_range: IdRange) -> dict[str, int]:
    return {"first": id_range.first, "last": id_range.last}
