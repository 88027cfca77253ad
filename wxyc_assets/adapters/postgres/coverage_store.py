"""The coverage of the library: counted as it is now, and stored as snapshots."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from wxyc_assets.adapters.lml.wire import dump
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.identity_store import NOTES_MARK, Clock
from wxyc_assets.domain.artwork import CoverScope, Eligibility
from wxyc_assets.domain.candidates import Cohort, Scope
from wxyc_assets.domain.coverage import CoverState, Dimension, Slice, Snapshot, State, Violation
from wxyc_assets.domain.ranges import IdRange

DEFAULT_COVERS = CoverScope()


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
class Progress:
    """Progress of runs: records found due and resolved, albums looked up, covers written."""

    due: int
    resolved: int
    looked_up: int
    covers: int


class CoverageStore:
    """Counts over the whole library, and snapshots; without a `clock`, the database's now()."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock

    async def count(
        self, scope: Scope, covers: CoverScope, ranges: Sequence[IdRange]
    ) -> list[CoverageCount]:
        """Count the records for a snapshot; `ranges` must follow each other without a gap."""
        firsts = [each.first for each in ranges] + [each.last + 1 for each in ranges[-1:]]
        async with self._database.transaction() as transaction:
            rows = await transaction.fetch(
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
                },
            )
        return [CoverageCount(**row) for row in rows]

    async def by_state(self, scope: Scope) -> Counter[tuple[Cohort, State]]:
        """Return the number of records by cohort and state."""
        counts = await self.count(scope, DEFAULT_COVERS, [])
        return Counter(
            {
                (Cohort(each.member), State(each.value)): each.library_rows
                for each in counts
                if each.dimension == Dimension.COHORT and each.measure == "states"
            }
        )

    async def progress(self, since: datetime) -> Progress:
        """Return what runs have done since then."""
        async with self._database.transaction() as transaction:
            (row,) = await transaction.fetch("coverage/count_progress", {"since": since})
        return Progress(**row)

    async def put(
        self, run_id: str, scope: Scope, eligibility: Eligibility, slices: Iterable[Slice]
    ) -> None:
        """Store a snapshot; a second one of the same run replaces the first."""
        rows = [_row(each) for each in slices]
        async with self._database.transaction() as transaction:
            await transaction.execute("coverage/delete_snapshot", {"run_id": run_id})
            await transaction.execute(
                "coverage/put_snapshot",
                {
                    "run_id": run_id,
                    "now": self._now(),
                    "is_wide": scope.include_null_canonical,
                    "eligibility": eligibility,
                    "slices": Jsonb(rows, dumps=dump),
                },
            )

    async def newest(self, limit: int, run_id: str | None = None) -> list[Snapshot]:
        """Return the newest snapshots, totals only, the newest first; that of `run_id` leads."""
        async with self._database.transaction() as transaction:
            rows = await transaction.fetch(
                "coverage/select_snapshots", {"limit": limit, "run_id": run_id}
            )
        return [_snapshot([row]) for row in rows]

    async def load(self, run_ids: Collection[str]) -> dict[str, Snapshot]:
        """Return snapshots with all their slices, by run id."""
        async with self._database.transaction() as transaction:
            rows = await transaction.fetch("coverage/select_slices", {"run_ids": list(run_ids)})
        return {
            run_id: _snapshot([row for row in rows if row["run_id"] == run_id])
            for run_id in {row["run_id"] for row in rows}
        }

    def _now(self) -> datetime | None:
        return self._clock() if self._clock else None


def _row(each: Slice) -> dict[str, Any]:
    return {
        "dimension": each.dimension,
        "member": each.member,
        **{state: each.records(state) for state in State},
        **{state: each.cover(state) for state in CoverState},
        **{violation: each.violating(violation) for violation in Violation},
        "compilations": each.compilations,
        "compilations_matched": each.compilations_matched,
        "sources": each.sources,
        "methods": each.methods,
        "confidences": each.confidences,
        "offenders": each.offenders,
        "largest_id": each.largest_id,
    }


def _snapshot(rows: Sequence[Mapping[str, Any]]) -> Snapshot:
    slices = [_slice(each) for each in rows]
    return Snapshot(
        run_id=rows[0]["run_id"],
        taken_at=rows[0]["taken_at"],
        is_wide=rows[0]["is_wide"],
        eligibility=Eligibility(rows[0]["eligibility"]),
        total=next(each for each in slices if each.dimension is Dimension.ALL),
        cohorts=tuple(each for each in slices if each.dimension is Dimension.COHORT),
        ranges=tuple(each for each in slices if each.dimension is Dimension.ID_RANGE),
        genres=tuple(each for each in slices if each.dimension is Dimension.GENRE),
    )


def _slice(row: Mapping[str, Any]) -> Slice:
    return Slice(
        dimension=Dimension(row["dimension"]),
        member=row["member"],
        states={state: row[state] for state in State},
        covers={state: row[state] for state in CoverState},
        violations={violation: row[violation] for violation in Violation},
        compilations=row["compilations"],
        compilations_matched=row["compilations_matched"],
        sources=row["sources"],
        methods=row["methods"],
        confidences=row["confidences"],
        offenders={Violation(name): ids for name, ids in row["offenders"].items()},
        largest_id=row["largest_id"],
    )
