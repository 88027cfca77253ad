"""The snapshots that a snapshot is compared with, over a real PostgreSQL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from wxyc_assets.adapters.postgres.acceptance_store import AcceptanceStore
from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.domain.coverage import CoverageRules
from wxyc_assets.domain.gates.result import GateResult
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.coverage.evaluation import (
    Evaluation,
    accept_if_passed,
    earlier_snapshots,
    evaluate_newest,
)
from wxyc_assets.flows.coverage.snapshot import take_snapshot
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.snapshots import FLOORS

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LOW = replace(FLOORS, coverage=0, identity=0, tolerance=0.01)
RANGES = [IdRange(1, 10), IdRange(11, 20)]
WIDE, NARROW = Scope(include_null_canonical=True), Scope()


async def take(database: Database, day: int, scope: Scope = WIDE, *, accepted: bool = True) -> None:
    coverage = CoverageStore(database, clock=lambda: NOW + timedelta(days=day))
    run_id = f"day {day}"
    await take_snapshot(coverage, run_id=run_id, rules=CoverageRules(scope), ranges=RANGES)
    if accepted:
        await AcceptanceStore(database).accept(run_id, accepted_by="checks", why=None)


async def evaluate(
    database: Database, *, days: float = 30, run_id: str | None = None
) -> Evaluation:
    found = await evaluate_newest(database, LOW, ceiling=20, baseline_days=days, run_id=run_id)
    assert found
    return found


async def earlier(database: Database, found: Evaluation) -> list[str]:
    return [each.run_id for each in await earlier_snapshots(database, found.snapshot)]


def result(found: Evaluation, name: str) -> GateResult:
    return next(each for each in found.results if each.name == name)


def identities(found: Evaluation) -> GateResult:
    return result(found, "identity_coverage_holds")


def identify(backend_db: BackendDb, *library_ids: int) -> None:
    backend_db.execute("delete from library_identity")
    for library_id in library_ids:
        backend_db.identity(library_id, NOW)


async def test_the_best_accepted_snapshot_counts_and_its_ranges_are_compared(
    opened: Database, backend_db: BackendDb
) -> None:
    assert await evaluate_newest(opened, LOW, ceiling=20, baseline_days=3) is None
    first, second = range(1, 7), range(11, 17)
    for library_id in (*first, *second):
        backend_db.record(library_id)
    for day, ids in enumerate([(*first, *second), (*first, *second[:3]), first, first]):
        identify(backend_db, *ids)
        await take(opened, day)

    found = identities(await evaluate(opened))
    assert not found.passed
    assert found.offenders == ("0000011-0000020: 100% -> 0%",)
    assert identities(await evaluate(opened, days=2)).offenders == ("0000011-0000020: 50% -> 0%",)
    assert identities(await evaluate(opened, days=1)).passed


async def test_a_snapshot_that_was_not_accepted_is_no_baseline(
    opened: Database, backend_db: BackendDb
) -> None:
    for library_id in (1, 2):
        backend_db.record(library_id)
    identify(backend_db, 1, 2)
    await take(opened, 0, accepted=False)
    identify(backend_db, 1)
    await take(opened, 1)
    found = await evaluate(opened)
    assert identities(found).passed
    assert await earlier(opened, found) == ["day 0"]


async def test_shares_of_another_scope_are_not_compared_but_counts_are(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    backend_db.record(2, canonical=False)
    identify(backend_db, 1)
    await take(opened, 0, NARROW)
    backend_db.execute("delete from library where id = 2")
    await take(opened, 1)
    found = await evaluate(opened)
    assert identities(found).passed
    assert await earlier(opened, found) == []
    assert result(found, "nothing_has_disappeared").offenders == (
        "records: 2 -> 1",
        "records with an artist name: 2 -> 1",
    )


async def test_a_run_is_evaluated_by_its_own_snapshot(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    for day in (0, 1, 2):
        await take(opened, day)
    found = await evaluate(opened, run_id="day 1")
    assert found.snapshot.run_id == "day 1"
    assert await earlier(opened, found) == ["day 0"]
    assert (await evaluate(opened, run_id="a run without one")).snapshot.run_id == "day 2"


async def test_deleted_snapshots_fail_closed_until_a_person_accepts_one(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    await take(opened, 0)
    backend_db.execute("delete from coverage_snapshot")
    await take(opened, 1, accepted=False)
    found = result(await evaluate(opened), "nothing_has_disappeared")
    assert not found.passed
    assert "its snapshot is no longer in coverage_snapshot" in found.offenders[0]
    await AcceptanceStore(opened).accept("day 1", accepted_by="Ada", why="I deleted them")
    await take(opened, 2)
    assert result(await evaluate(opened), "nothing_has_disappeared").passed


async def test_a_snapshot_is_accepted_when_every_check_passed(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    await take(opened, 0, accepted=False)
    found = await evaluate(opened)
    assert found.is_acceptable
    failed = replace(found, results=[replace(each, passed=False) for each in found.results])
    await accept_if_passed(opened, failed)
    await accept_if_passed(opened, replace(found, results=found.results[1:]))
    assert await AcceptanceStore(opened).accepted() == []
    warned = [replace(each, passed=False, is_warning=True) for each in found.results]
    assert replace(found, results=warned).is_acceptable
    await accept_if_passed(opened, found)
    (accepted,) = await AcceptanceStore(opened).accepted()
    assert (accepted.acceptance.run_id, accepted.acceptance.why) == ("day 0", None)


async def test_snapshots_of_an_older_version_stay_readable(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    identify(backend_db, 1)
    await take(opened, 0, accepted=False)
    backend_db.execute(
        "update coverage_snapshot set identities = null, counts = null, rules = null, "
        "samples = null, completed_at = null"
    )
    found = await evaluate(opened)
    assert identities(found).number == 1
    assert "has no counts" in result(found, "answers_are_written").description
    assert not found.is_acceptable
