"""The snapshots that a snapshot is compared with, over a real PostgreSQL."""

from datetime import UTC, datetime, timedelta

from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.artwork import CoverScope
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.domain.gates.floors import Floors
from wxyc_assets.domain.gates.result import GateResult
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.coverage.evaluation import Evaluation, evaluate_newest
from wxyc_assets.flows.coverage.snapshot import take_snapshot
from wxyc_assets_tests.support.backend_db import BackendDb

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
FLOORS = Floors(0, 0, 0, 0, 0, 0, 100, 100, tolerance=0.01)
RANGES = [IdRange(1, 10), IdRange(11, 20)]
WIDE, NARROW = Scope(include_null_canonical=True), Scope()


async def take(database: Database, day: int, scope: Scope = WIDE) -> None:
    coverage = CoverageStore(database, clock=lambda: NOW + timedelta(days=day))
    await take_snapshot(
        coverage, run_id=f"day {day}", scope=scope, covers=CoverScope(), ranges=RANGES
    )


async def evaluate(
    database: Database, *, compared: int = 30, run_id: str | None = None
) -> Evaluation:
    found = await evaluate_newest(
        CoverageStore(database), FLOORS, ceiling=20, compared=compared, run_id=run_id
    )
    assert found
    return found


def identities(found: Evaluation) -> GateResult:
    return next(each for each in found.results if each.name == "identity_coverage_holds")


def identify(backend_db: BackendDb, *library_ids: int) -> None:
    backend_db.execute("delete from library_identity")
    for library_id in library_ids:
        backend_db.identity(library_id, NOW)


async def test_the_best_recent_snapshot_counts_and_its_ranges_are_compared(
    opened: Database, backend_db: BackendDb
) -> None:
    assert await evaluate_newest(CoverageStore(opened), FLOORS, ceiling=20, compared=3) is None
    for library_id in (1, 2, 11, 12):
        backend_db.record(library_id)
    for day, ids in enumerate([(1, 2, 11, 12), (1, 2, 11), (1, 2), (1, 2)]):
        identify(backend_db, *ids)
        await take(opened, day)

    found = identities(await evaluate(opened))
    assert not found.passed
    assert found.offenders == ("0000011-0000020: 100.00% -> 0.00%",)
    assert identities(await evaluate(opened, compared=2)).offenders == (
        "0000011-0000020: 50.00% -> 0.00%",
    )
    assert identities(await evaluate(opened, compared=1)).passed


async def test_a_snapshot_of_another_scope_is_ignored(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    backend_db.record(2, canonical=False)
    backend_db.identity(1, NOW)
    await take(opened, 0, NARROW)
    await take(opened, 1)
    found = await evaluate(opened)
    assert identities(found).passed
    assert found.history.totals == ()


async def test_a_run_is_evaluated_by_its_own_snapshot_and_earlier_ones(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    for day in (0, 1, 2):
        await take(opened, day)
    found = await evaluate(opened, run_id="day 1")
    assert found.snapshot.run_id == "day 1"
    assert [each.run_id for each in found.history.totals] == ["day 0"]
    assert (await evaluate(opened, run_id="a run without one")).snapshot.run_id == "day 2"
