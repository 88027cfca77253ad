"""The rules and ranges of runs, and accepted snapshots, over a real PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest

from wxyc_assets.adapters.postgres.acceptance_store import AcceptanceStore
from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.run_store import Pipeline, RunStore
from wxyc_assets.domain.artwork import CoverScope, Eligibility, Match, Rules
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.domain.coverage import CoverageRules
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.coverage.acceptance import NotAccepted, accept_newest
from wxyc_assets.flows.coverage.snapshot import take_snapshot
from wxyc_assets_tests.support.backend_db import BackendDb

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
RANGES = [IdRange(1, 10), IdRange(11, 20)]
WIDE = CoverageRules(Scope(include_null_canonical=True, stale_days=3, retry_days=9))
FIRST = CoverageRules(covers=CoverScope(Eligibility.ALL, Rules(0.5, Match.FIRST), 11))
OTHERWISE = CoverageRules()


async def begin(
    opened: Database, pipeline: Pipeline, run_id: str, rules: CoverageRules, *, days: float
) -> None:
    whole = run_id.startswith("whole")
    store = RunStore(opened, clock=lambda: NOW - timedelta(days=days))
    await store.begin(pipeline, run_id, rules, RANGES if whole else RANGES[:1], is_whole=whole)


async def test_rules_are_those_of_the_run_then_of_the_newest_over_the_library(
    opened: Database,
) -> None:
    store = RunStore(opened)
    assert await store.rules(["x"], OTHERWISE) == OTHERWISE
    await begin(opened, Pipeline.IDENTITY, "a range", WIDE, days=1)
    assert await store.rules(["x"], OTHERWISE) == WIDE
    await begin(opened, Pipeline.IDENTITY, "whole", OTHERWISE, days=2)
    await begin(opened, Pipeline.ARTWORK, "whole", FIRST, days=2)
    assert await store.rules(["x"], OTHERWISE) == FIRST
    expected = CoverageRules(WIDE.scope, FIRST.covers)
    assert await store.rules(["a range"], OTHERWISE) == expected
    await begin(opened, Pipeline.IDENTITY, "whole, later", WIDE, days=0)
    assert await store.rules([], OTHERWISE) == expected


async def test_a_run_keeps_its_first_rules_and_its_ranges(opened: Database) -> None:
    store = RunStore(opened)
    await begin(opened, Pipeline.IDENTITY, "run", WIDE, days=1)
    await begin(opened, Pipeline.IDENTITY, "run", OTHERWISE, days=1)
    assert await store.rules(["run"], OTHERWISE) == WIDE
    await store.begin(Pipeline.IDENTITY, "next", WIDE, RANGES[1:], is_whole=False)
    assert await store.ranges(["run", "next"]) == {
        Pipeline.IDENTITY: frozenset({"0000001-0000010", "0000011-0000020"}),
        Pipeline.ARTWORK: frozenset(),
    }


@pytest.mark.parametrize("broken", ["{}", '{"is_wide": true, "stale_days": "x"}'])
async def test_rules_that_cannot_be_read_are_not_replaced_by_others(
    opened: Database, backend_db: BackendDb, broken: str
) -> None:
    await begin(opened, Pipeline.IDENTITY, "run", WIDE, days=1)
    backend_db.execute("update library_run set rules = %s", broken)
    with pytest.raises(ValueError, match=r"rules cannot be read|could not convert"):
        await RunStore(opened).rules(["run"], OTHERWISE)


async def take(opened: Database, run_id: str, days: float) -> None:
    coverage = CoverageStore(opened, clock=lambda: NOW - timedelta(days=days))
    await take_snapshot(coverage, run_id=run_id, rules=WIDE, ranges=RANGES)


async def test_what_was_accepted_is_read_with_its_snapshot(opened: Database) -> None:
    store = AcceptanceStore(opened, clock=lambda: NOW)
    await take(opened, "older", 2)
    await take(opened, "newer", 1)
    assert await store.accept("older", accepted_by="checks", why=None)
    assert await store.accept("newer", accepted_by="Ada", why="withdrawn")
    assert not await store.accept("newer", accepted_by="Bo", why="again")
    assert not await store.accept("no such run", accepted_by="Bo", why="again")
    newer, older = await store.accepted()
    assert (newer.acceptance.accepted_by, newer.acceptance.why) == ("Ada", "withdrawn")
    assert newer.acceptance.accepted_at == NOW
    assert older.snapshot
    assert (older.snapshot.run_id, older.snapshot.rules) == ("older", WIDE)
    assert older.acceptance.why is None


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        ("delete from coverage_snapshot", "its snapshot is no longer in coverage_snapshot"),
        ("update coverage_snapshot set counts = null", "it has no counts"),
        ("update coverage_snapshot set counts = '{}'", "its count records is None"),
        ("update coverage_snapshot set eligibility = 'x'", "'x' is not a valid Eligibility"),
        ("update coverage_snapshot set rules = '{}'", "rules cannot be read"),
    ],
)
async def test_a_baseline_that_cannot_be_read_is_lost_and_says_why(
    opened: Database, backend_db: BackendDb, spoil: str, problem: str
) -> None:
    await take(opened, "run", 1)
    await AcceptanceStore(opened).accept("run", accepted_by="checks", why=None)
    backend_db.execute(spoil)  # pyright: ignore[reportArgumentType]
    (found,) = await AcceptanceStore(opened).accepted()
    assert found.snapshot is None
    assert problem in found.problem


async def test_a_person_accepts_the_newest_snapshot_once_with_a_reason(opened: Database) -> None:
    with pytest.raises(NotAccepted, match="no snapshot yet"):
        await accept_newest(opened, accepted_by="Ada", why="withdrawn")
    await take(opened, "older", 2)
    await take(opened, "newer", 1)
    for by, why in (("Ada", " "), ("", "withdrawn")):
        with pytest.raises(NotAccepted, match="who accepts"):
            await accept_newest(opened, accepted_by=by, why=why)
    assert (await accept_newest(opened, accepted_by=" Ada ", why=" withdrawn ")).run_id == "newer"
    (found,) = await AcceptanceStore(opened).accepted()
    assert (found.acceptance.accepted_by, found.acceptance.why) == ("Ada", "withdrawn")
    with pytest.raises(NotAccepted, match="is accepted already"):
        await accept_newest(opened, accepted_by="Ada", why="withdrawn")
