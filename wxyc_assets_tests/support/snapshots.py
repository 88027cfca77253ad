"""Hand-made snapshots and baselines for tests of the checks."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from wxyc_assets.domain.artwork import Eligibility
from wxyc_assets.domain.coverage import (
    CoverageRules,
    CoverState,
    Dimension,
    Slice,
    Snapshot,
    State,
)
from wxyc_assets.domain.gates.case import Case
from wxyc_assets.domain.gates.evaluation import evaluate_gates
from wxyc_assets.domain.gates.floors import Floors
from wxyc_assets.domain.gates.history import Acceptance, Baseline, History
from wxyc_assets.domain.gates.result import GateResult
from wxyc_assets.domain.gates.stage import WHOLE, Stage
from wxyc_assets.domain.totals import Count, Totals

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
FLOORS = Floors(
    coverage=0.99,
    identity=0.2,
    artwork=0.1,
    artwork_target=0.99,
    compilations=0.99,
    agreement=1.0,
    asked_twice=0,
    orphaned_sources=0,
    tolerance=0.005,
    drop=0.05,
    found=0.2,
    confirmed=0.9,
    covers_found=0.3,
    yield_history=0.5,
    refused=0.05,
    unknown=0.1,
    not_written=0.001,
    fresh=0.8,
    flips=0.1,
    run_age_days=10,
    artists_per_id=25,
    albums_per_cover=10,
)
CEILING = 2_000
FIRST, SECOND = "0000001-0001000", "0001001-0002000"


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def totals(**counts: int) -> Totals:
    """Return totals that are 0 unless named."""
    named = {Count(name): number for name, number in counts.items()}
    return dict.fromkeys(Count, 0) | named


def library_slice(
    member: str = "",
    states: Mapping[State, int] | None = None,
    covers: Mapping[CoverState, int] | None = None,
    **more: Any,
) -> Slice:
    dimension = Dimension.ID_RANGE if member else Dimension.ALL
    usual: dict[str, Any] = {"largest_id": 1_400}
    return Slice(dimension, member, states or {}, covers or {}, **(usual | more))


def snapshot(
    total: Slice | None = None,
    *ranges: Slice,
    days: float = 0,
    is_wide: bool = True,
    counts: Totals | None = None,
    **more: Any,
) -> Snapshot:
    """Return a snapshot taken so many days ago."""
    return Snapshot(
        f"run {days}",
        days_ago(days),
        is_wide,
        Eligibility.DISCOGS_ARTIST,
        total or library_slice(states={State.FRESH: 1_000}),
        ranges=ranges,
        rules=CoverageRules(),
        totals=counts or totals(),
        **more,
    )


def baseline(each: Snapshot, why: str | None = None) -> Baseline:
    """Return the acceptance of a snapshot, by the checks unless it says why."""
    by = "music director" if why else "checks"
    acceptance = Acceptance(each.run_id, each.taken_at, each.taken_at, by, why)
    return Baseline(acceptance, each)


def after(*before: Snapshot) -> History:
    """Return the history of these accepted snapshots, the newest first."""
    baselines = tuple(map(baseline, before))
    return History(baselines, min((each.taken_at for each in before), default=None))


def results(
    now: Snapshot, history: History | None = None, floors: Floors = FLOORS, stage: Stage = WHOLE
) -> dict[str, GateResult]:
    """Return the result of every check by its name."""
    case = Case(now, history or History(), floors, CEILING, stage)
    return {each.name: each for each in evaluate_gates(case)}
