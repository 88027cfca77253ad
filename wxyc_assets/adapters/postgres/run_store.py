"""The runs over the library: the rules that each ran by, and the ranges that it completed."""

from collections.abc import Collection
from enum import StrEnum

from psycopg.types.json import Jsonb

from wxyc_assets.adapters.postgres.clock import Clock, database_now
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.snapshot_rows import rules_row, to_rules
from wxyc_assets.domain.coverage import CoverageRules
from wxyc_assets.domain.ranges import IdRange


class Pipeline(StrEnum):
    """A pipeline over the ranges of the library."""

    IDENTITY = "identity"
    ARTWORK = "artwork"


class RunStore:
    """Reads and writes the books about runs; without a `clock`, the database's now()."""

    def __init__(self, database: Database, clock: Clock = database_now) -> None:
        self._database = database
        self._now = clock

    async def begin(
        self,
        pipeline: Pipeline,
        run_id: str,
        rules: CoverageRules,
        ranges: Collection[IdRange],
        *,
        is_whole: bool,
    ) -> None:
        """Record the ranges and the rules of a run before it asks anything."""
        await self._database.execute(
            "coverage/put_run",
            {
                "pipeline": pipeline,
                "run_id": run_id,
                "now": self._now(),
                "is_whole": is_whole,
                "ranges": [each.key for each in ranges],
                "rules": Jsonb(rules_row(rules)),
            },
        )

    async def complete(
        self, pipeline: Pipeline, run_id: str, ranges: Collection[IdRange], rules: CoverageRules
    ) -> None:
        """Date the ranges in which a run left nothing open."""
        if not ranges:
            return
        await self._database.execute(
            "coverage/put_range_runs",
            {
                "pipeline": pipeline,
                "run_id": run_id,
                "is_wide": rules.scope.include_null_canonical,
                "firsts": [each.first for each in ranges],
                "lasts": [each.last for each in ranges],
                "now": self._now(),
            },
        )

    async def rules(self, run_ids: Collection[str], otherwise: CoverageRules) -> CoverageRules:
        """Return the rules of these runs; else of the newest over the library, or of the newest.

        A pipeline without runs has the rules of `otherwise`. Raises ValueError for rules that
        cannot be read.
        """
        rows = await self._database.fetch("coverage/select_run_rules", {"run_ids": list(run_ids)})
        default = rules_row(otherwise)
        found = {row["pipeline"]: row["rules"] for row in rows}
        identity, artwork = (found.get(each, default) for each in Pipeline)
        return to_rules(identity, artwork)

    async def ranges(self, run_ids: Collection[str]) -> dict[Pipeline, frozenset[str]]:
        """Return the ranges that these runs were asked for."""
        rows = await self._database.fetch("coverage/select_run_ranges", {"run_ids": list(run_ids)})
        found = {row["pipeline"]: frozenset(row["keys"]) for row in rows}
        return {each: found.get(each, frozenset()) for each in Pipeline}
