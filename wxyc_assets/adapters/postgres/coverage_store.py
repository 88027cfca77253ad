"""The coverage of the library: counted as it is now, and stored as snapshots."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.types.json import Jsonb

from wxyc_assets.adapters.lml.wire import dump
from wxyc_assets.adapters.postgres.clock import Clock, database_now
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.identity_store import NOTES_MARK
from wxyc_assets.adapters.postgres.snapshot_rows import rules_row, slice_row, to_snapshot
from wxyc_assets.domain.candidates import Cohort, Scope
from wxyc_assets.domain.coverage import CoverageRules, Dimension, Slice, Snapshot, State
from wxyc_assets.domain.ranges import IdRange


@dataclass(frozen=True, slots=True)
class CoverageCount:
    """The number of records of one member of a dimension whose `measure` has this `value`."""

    dimension: str
    member: str
    place: int | None
    """For a range: its number, from 1; records in no range have a number below or above."""
    measure: str
    value: str
    library_rows: int
    largest_id: int
    sample: Sequence[int] | None


@dataclass(frozen=True, slots=True)
class LibraryCount:
    """The numbers of the whole library, with examples, and when it was last completed."""

    counts: Mapping[str, int]
    samples: Mapping[str, str]
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Progress of runs: records found due and resolved, albums looked up, covers written."""

    due: int
    resolved: int
    looked_up: int
    covers: int


class CoverageStore:
    """Counts over the whole library, and snapshots; without a `clock`, the database's now()."""

    def __init__(self, database: Database, clock: Clock = database_now) -> None:
        self._database = database
        self._now = clock

    async def count(
        self, rules: CoverageRules, ranges: Sequence[IdRange], *, grace_days: float = 0
    ) -> list[CoverageCount]:
        """Count the records for a snapshot; `ranges` must follow each other without a gap.

        A record that became due less than `grace_days` ago still counts as waiting to retry.
        """
        firsts = [each.first for each in ranges] + [each.last + 1 for each in ranges[-1:]]
        scope, covers = rules.scope, rules.covers
        rows = await self._database.fetch(
            "coverage/count_coverage",
            {
                "now": self._now(),
                "firsts": firsts,
                "mark": NOTES_MARK,
                "is_wide": scope.include_null_canonical,
                "stale_window": timedelta(days=scope.stale_days),
                "retry_window": timedelta(days=scope.retry_days),
                "eligibility": covers.eligibility,
                "match": covers.rules.match,
                "least_confidence": covers.rules.least_confidence,
                "cover_window": timedelta(days=covers.retry_days),
                "grace": timedelta(days=grace_days),
            },
        )
        return [CoverageCount(**row) for row in rows]

    async def count_library(
        self, run_id: str, rules: CoverageRules, ranges: Sequence[IdRange]
    ) -> LibraryCount:
        """Count the whole library, the answers of a run, and the completed ranges."""
        is_wide, covers = rules.scope.include_null_canonical, rules.covers.rules
        async with self._database.transaction() as transaction:
            (totals,) = await transaction.fetch(
                "coverage/count_totals",
                {
                    "now": self._now(),
                    "run_id": run_id,
                    "is_wide": is_wide,
                    "stale_window": timedelta(days=rules.scope.stale_days),
                    "match": covers.match,
                    "least_confidence": covers.least_confidence,
                },
            )
            (completion,) = await transaction.fetch(
                "coverage/select_completion",
                {
                    "firsts": [each.first for each in ranges],
                    "lasts": [each.last for each in ranges],
                    "is_wide": is_wide,
                },
            )
        completed_at = completion.pop("completed_at")
        return LibraryCount(totals["counts"] | completion, totals["samples"], completed_at)

    async def by_state(self, scope: Scope) -> Counter[tuple[Cohort, State]]:
        """Return the number of records by cohort and state."""
        counts = await self.count(CoverageRules(scope), [])
        return Counter(
            {
                (Cohort(each.member), State(each.value)): each.library_rows
                for each in counts
                if each.dimension == Dimension.COHORT and each.measure == "states"
            }
        )

    async def progress(self, since: datetime) -> RunProgress:
        """Return what runs have done since then."""
        (row,) = await self._database.fetch("coverage/count_progress", {"since": since})
        return RunProgress(**row)

    async def put(
        self, run_id: str, rules: CoverageRules, slices: Iterable[Slice], library: LibraryCount
    ) -> None:
        """Store a snapshot; a second one of the same run replaces the first."""
        rows = [slice_row(each) for each in slices]
        async with self._database.transaction() as transaction:
            await transaction.execute("coverage/delete_snapshot", {"run_id": run_id})
            await transaction.execute(
                "coverage/put_snapshot",
                {
                    "run_id": run_id,
                    "now": self._now(),
                    "is_wide": rules.scope.include_null_canonical,
                    "eligibility": rules.covers.eligibility,
                    "slices": Jsonb(rows, dumps=dump),
                    "counts": Jsonb(library.counts),
                    "rules": Jsonb(rules_row(rules)),
                    "samples": Jsonb(library.samples),
                    "completed_at": library.completed_at,
                },
            )

    async def newest(self, limit: int, run_id: str | None = None) -> list[Snapshot]:
        """Return the newest snapshots, totals only, the newest first; that of `run_id` leads."""
        rows = await self._database.fetch(
            "coverage/select_snapshots", {"limit": limit, "run_id": run_id}
        )
        return [to_snapshot([row]) for row in rows]

    async def load(self, run_ids: Collection[str]) -> dict[str, Snapshot]:
        """Return snapshots with all their slices, by run id."""
        rows = await self._database.fetch("coverage/select_slices", {"run_ids": list(run_ids)})
        return {
            run_id: to_snapshot([row for row in rows if row["run_id"] == run_id])
            for run_id in {row["run_id"] for row in rows}
        }
