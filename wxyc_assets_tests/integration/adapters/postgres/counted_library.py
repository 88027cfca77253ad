"""A small library with LML's answers, and its counts."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.artwork import CoverScope
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.domain.coverage import CoverageRules, Slice, State
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.coverage.snapshot import to_slices
from wxyc_assets_tests.support.backend_db import BackendDb

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NARROW, WIDE = Scope(), Scope(include_null_canonical=True)
RANGES = [IdRange(1, 10), IdRange(11, 20)]


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def answer(backend_db: BackendDb, library_id: int = 1, *, kind: str | None, **columns: Any) -> None:
    """Store LML's answer, given now and applied unless set; without a kind, a refusal."""
    usual = {
        "artist_name": "Cat Power",
        "cohort": "non_va",
        "answered_at": NOW,
        "applied_at": NOW,
        "is_matched": False,
        "words": {},
    }
    known = usual | columns
    backend_db.execute(
        "insert into lml_resolution (library_id, cohort, artist_name, kind, is_matched, answer, "
        "refusal, answered_at, applied_at, run_id) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, '') "
        "on conflict (library_id) do update set answered_at = excluded.answered_at, "
        "artist_name = excluded.artist_name, kind = excluded.kind, answer = excluded.answer, "
        "applied_at = excluded.applied_at, refusal = excluded.refusal",
        library_id,
        known["cohort"],
        known["artist_name"],
        kind,
        known["is_matched"],
        Jsonb(known["words"]) if kind else None,
        None if kind else "HTTP 422",
        known["answered_at"],
        known["applied_at"],
    )


async def total(database: Database, scope: Scope = WIDE, *, days: float = 0) -> Slice:
    return (await slices(database, scope, days=days))[0]


async def slices(
    database: Database,
    scope: Scope = WIDE,
    covers: CoverScope | None = None,
    *,
    days: float = 0,
    grace: float = 0,
    ranges: Sequence[IdRange] = RANGES,
) -> list[Slice]:
    coverage = CoverageStore(database, clock=lambda: NOW + timedelta(days=days))
    rules = CoverageRules(scope, covers or CoverScope())
    return to_slices(await coverage.count(rules, ranges, grace_days=grace), ranges)


async def state(database: Database, scope: Scope = WIDE, *, days: float = 0) -> State:
    found = (await total(database, scope, days=days)).states
    assert sum(found.values()) == 1
    return next(iter(found))
