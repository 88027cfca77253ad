"""LML's kept answers to lookups, and the decisions that are made from them once more."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from psycopg.types.json import Jsonb

from wxyc_assets.adapters.lml.lookup import found_in
from wxyc_assets.adapters.lml.wire import dump
from wxyc_assets.adapters.postgres.artwork_store import COVER, album_in, rules_row
from wxyc_assets.adapters.postgres.clock import Clock, database_now
from wxyc_assets.adapters.postgres.database import Database, retry_on_deadlock
from wxyc_assets.domain.artwork import Choice, Cover, CoverScope, NoCover, NoCoverReason
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.domain.replay import Effect, KeptDecision, Redecision


class KeptAnswerStore:
    """Reads decisions with their answers, and stores other ones, under the rules of a scope."""

    def __init__(self, database: Database, scope: CoverScope, clock: Clock = database_now) -> None:
        self.database = database
        self.scope = scope
        self._now = clock

    async def load(
        self, id_range: IdRange, library_ids: Collection[int] | None = None
    ) -> list[KeptDecision]:
        """Return the range's decisions whose answer was kept; with `library_ids`, only those."""
        rows = await self.database.fetch(
            "artwork/select_kept_answers",
            {
                "first": id_range.first,
                "last": id_range.last,
                "library_ids": None if library_ids is None else list(library_ids),
                "eligibility": self.scope.eligibility,
                **rules_row(self.scope.rules),
            },
        )
        return [_decision(row) for row in rows]

    async def count_not_kept(self, id_range: IdRange) -> int:
        """Count the range's lookups that cannot be decided again."""
        (row,) = await self.database.fetch(
            "artwork/count_not_kept", {"first": id_range.first, "last": id_range.last}
        )
        return row["lookups"]

    @retry_on_deadlock
    async def put(self, redecisions: Sequence[Redecision], run_id: str) -> None:
        """Store these decisions; take those of our covers back that are lost or change.

        What is to be written after that, the artwork store writes.
        """
        taken = [
            each.kept.album.library_id
            for each in redecisions
            if each.kept.is_ours and each.effect in (Effect.LOST, Effect.CHANGED)
        ]
        change = {"run_id": run_id, "now": self._now()}
        async with self.database.transaction() as transaction:
            if taken:
                await transaction.execute(
                    "artwork/take_covers_back", {"library_ids": taken, **change}
                )
            await transaction.execute(
                "artwork/put_decisions",
                {
                    "decisions": Jsonb([_row(each) for each in redecisions], dumps=dump),
                    **rules_row(self.scope.rules),
                    **change,
                },
            )


def _decision(row: Mapping[str, Any]) -> KeptDecision:
    return KeptDecision(
        album=album_in(row),
        found=found_in(row["answer"]),
        choice=_choice(row),
        is_of_these_rules=row["is_of_these_rules"],
        answered_at=row["answered_at"],
        is_eligible=row["is_eligible"],
        is_ours=row["is_ours"],
        is_others=row["is_others"],
    )


def _choice(row: Mapping[str, Any]) -> Choice:
    if row["outcome"] == COVER:
        return Cover(cast(str, row["url"]), row["confidence"])
    return NoCover(NoCoverReason(row["outcome"]), row["confidence"])


def _row(redecision: Redecision) -> dict[str, Any]:
    """Return the decision as a row; a record that wants no cover any more keeps the one it has."""
    after = redecision.after or redecision.kept.choice
    is_cover = isinstance(after, Cover)
    return {
        "library_id": redecision.kept.album.library_id,
        "outcome": COVER if is_cover else after.reason,
        "url": after.url if is_cover else None,
        "confidence": after.confidence,
        "is_same": redecision.effect is Effect.SAME,
    }
