"""Which snapshots a snapshot is compared with, over a real PostgreSQL."""

from datetime import UTC, datetime, timedelta

from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.artwork import CoverScope
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.domain.gates import Floors, GateResult
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


async def judged(
    database: Database, *, compared: int = 30, run_id: str | None = None
) -> Evaluation:
    found = await evaluate_newest(
        CoverageStore(database), FLOORS, ceiling=20, compared=compared, run_id=run_id
    )
    assert found
    return found


def identities(found: Evaluation) -> GateResult:
    return next(each for each in found.verdicts if each.name == "identity_coverage_holds")


def identify(backend_db: BackendDb, *library_ids: int) -> None:
    backend_db.execute("delete from library_identity")
    for library_id in library_ids:
        backend_db.identity(library_id, NOW)


async def test_the_best_of_the_last_ones_counts_and_its_ranges_are_compared(
    opened: Database, backend_db: BackendDb
):
    assert await evaluate_newest(CoverageStore(opened), FLOORS, ceiling=20, compared=3) is None
    for library_id in (1, 2, 11, 12):
        backend_db.record(library_id)
    for day, ids in enumerate([(1, 2, 11, 12), (1, 2, 11), (1, 2), (1, 2)]):
        identify(backend_db, *ids)
        await take(opened, day)

    found = identities(await judged(opened))
    assert not found.holds
    assert found.offenders == ("0000011-0000020: 100.00% -> 0.00%",)
    assert identities(await judged(opened, compared=2)).offenders == (
        "0000011-0000020: 50.00% -> 0.00%",
    )
    assert identities(await judged(opened, compared=1)).holds


async def test_a_snapshot_of_another_scope_is_no_measure(opened: Database, backend_db: BackendDb):
    backend_db.record(1)
    backend_db.record(2, canonical=False)
    backend_db.identity(1, NOW)
    await take(opened, 0, NARROW)
    await take(opened, 1)
    found = await judged(opened)
    assert identities(found).holds
    assert found.past.totals == ()


async def test_a_run_is_judged_by_its_own_snapshot_and_those_before_it(
    opened: Database, backend_db: BackendDb
):
    backend_db.record(1)
    for day in (0, 1, 2):
        await take(opened, day)
    found = await judged(opened, run_id="day 1")
    assert found.snapshot.run_id == "day 1"
    assert [each.run_id for each in found.past.totals] == ["day 0"]
    assert (await judged(opened, run_id="a run without one")).snapshot.run_id == "day 2"
