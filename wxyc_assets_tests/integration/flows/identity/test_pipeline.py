"""Whole runs: the real client over the pretend LML, the real tables in a real PostgreSQL."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from wxyc_assets.adapters.lml.retry import RetryPolicy
from wxyc_assets.domain.candidates import Cohort, Scope
from wxyc_assets.domain.counters import Outcome
from wxyc_assets.flows.identity.pipeline import PageSizes
from wxyc_assets_tests.conftest import CopyOf
from wxyc_assets_tests.integration.flows.station import (
    NARROW,
    RANGES,
    RECHECK,
    WIDE,
    IdentityHarness,
)
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.sample_library import (
    ALL_IDS,
    RECORDS,
    few_credits,
    is_canonical,
    is_compilation,
)
from wxyc_sandbox.lml.app import PretendLml as PretendLml
from wxyc_sandbox.lml.faults import Fault

CANONICAL = {each for each in ALL_IDS if is_canonical(each)}
AT_ONCE_AGAIN = RetryPolicy(attempts=20, first_wait=0, jitter=0)


async def test_a_wide_run_asks_about_every_row_once(station: IdentityHarness) -> None:
    summary = await station.run(WIDE)
    assert station.asked == ALL_IDS
    assert station.pretend.counters.answered_more_than_once == 0
    assert (summary.why_open, summary.stopped, bool(summary.touched)) == ({}, None, True)
    assert sorted(each.id_range for each in station.reports) == RANGES
    assert station.figure("scanned") == RECORDS
    identities = station.backend_db.value("select count(*) from library_identity")
    assert identities == station.figure("rows_resolved") > 0
    assert station.figure("rows_unresolved") > 0
    assert station.figure("rows_resolved_compilation") > 0
    assert station.figure("tracks_written") > 0
    progress = station.progress
    assert progress.done == progress.total == len(station.asked)
    assert not progress.is_estimated


async def test_a_narrow_run_asks_about_canonical_rows_only(station: IdentityHarness) -> None:
    await station.run(NARROW)
    assert station.asked == CANONICAL
    stamped = station.backend_db.rows(
        "select * from library where unresolved_attempted_at is not null"
    )
    assert stamped
    assert all(row["artist_name"] == "Various Artists" for row in stamped)


async def test_a_wide_run_that_only_dates_what_a_narrow_one_asked_has_written(
    station: IdentityHarness,
) -> None:
    await station.run(NARROW)
    station.backend_db.execute("delete from library where canonical_entity_id is null")
    station.pretend.counters.reset()
    summary = await station.run(WIDE)
    assert (station.calls, station.figure("scanned"), bool(summary.touched)) == (0, 0, True)


async def test_a_wide_run_after_a_narrow_one_asks_about_the_rest(station: IdentityHarness) -> None:
    await station.run(NARROW)
    first = station.asked
    station.pretend.counters.reset()
    await station.run(WIDE)
    assert station.asked == ALL_IDS - first
    undated = station.backend_db.value(
        "select count(*) from library l join lml_resolution r on r.library_id = l.id "
        "where r.kind <> 'single_artist' and l.unresolved_attempted_at is distinct from "
        "r.answered_at"
    )
    assert undated == 0


@pytest.mark.parametrize("scope", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_a_second_run_asks_nothing_and_writes_nothing(
    station: IdentityHarness, scope: Scope
) -> None:
    await station.run(scope)
    station.pretend.counters.reset()
    station.backend_db.execute("create extension pg_stat_statements schema public")
    station.backend_db.execute("select pg_stat_statements_reset()")
    before = station.backend_db.versions()
    summary = await station.run(scope, candidates=True)
    assert station.calls == 0
    assert (bool(summary.touched), summary.why_open) == (False, {})
    assert station.backend_db.versions() == before
    writing = station.backend_db.rows(
        "select query from pg_stat_statements s join pg_database d on d.oid = s.dbid "
        "where d.datname = current_database() "
        "and query ~* '(insert into|update|delete from)\\s+(library|compilation)' "
        "and query !~* 'library_candidate'"
    )
    assert writing == []


async def test_a_third_run_writes_no_candidate_either(station: IdentityHarness) -> None:
    await station.run()
    await station.run()
    ours = "select ctid::text, xmin::text from library_candidate"
    assert station.backend_db.rows(ours) == []


async def test_a_recheck_asks_again_about_every_attempted_compilation(
    station: IdentityHarness,
) -> None:
    await station.run(WIDE)
    station.pretend.counters.reset()
    await station.run(RECHECK)
    in_va = station.backend_db.rows("select library_id from lml_resolution where cohort = 'va'")
    assert (
        station.asked == {row["library_id"] for row in in_va} == {*filter(is_compilation, ALL_IDS)}
    )


async def test_on_a_re_run_only_what_is_missing_is_asked(station: IdentityHarness) -> None:
    faults = [Fault("malformed", calls=frozenset({2, 5, 9}))]
    summary = await station.run(faults=faults)
    missing = ALL_IDS - station.asked
    assert missing
    assert summary.why_open
    assert station.figure("rows_skipped.lml_error") == len(missing)
    assert station.figure("scanned") == RECORDS
    first = station.calls
    summary = await station.run()
    assert station.asked == ALL_IDS
    assert station.pretend.counters.answered_more_than_once == 0
    assert not summary.why_open
    assert station.calls > first


async def test_a_re_run_without_new_candidates_asks_only_what_is_missing(
    station: IdentityHarness,
) -> None:
    faults = [
        Fault("status", route="resolve", every=4, status=503),
        Fault("status", route="health", status=503),
    ]
    await station.run(faults=faults)
    missing = ALL_IDS - station.asked
    station.pretend.counters.reset()
    await station.run(candidates=False)
    assert station.asked == missing != set()


async def test_passing_trouble_is_invisible_afterwards(
    station: IdentityHarness, copy_of: CopyOf, sample_library_template: str
) -> None:
    faults = [Fault("status", every=3, status=502), Fault("closed_body", every=7)]
    summary = await station.run(faults=faults, retry_policy=AT_ONCE_AGAIN)
    assert not summary.why_open
    with copy_of(sample_library_template) as url:
        calm = IdentityHarness(url)
        with calm.backend_db:
            await calm.run()
            assert meanings(station.backend_db) == meanings(calm.backend_db)


async def test_asking_and_applying_apart_is_the_same_as_both(
    station: IdentityHarness, copy_of: CopyOf, sample_library_template: str
) -> None:
    await station.run(applies=False)
    assert station.backend_db.value("select count(*) from library_identity") == 0
    assert station.figure("scanned") == RECORDS
    apart = {name: station.figure(name) for name in Outcome}
    calls = station.calls
    await station.run(asks=False, candidates=False)
    assert station.calls == calls
    assert {name: station.figure(name) for name in Outcome} == apart
    with copy_of(sample_library_template) as url:
        both = IdentityHarness(url)
        with both.backend_db:
            await both.run()
            assert meanings(station.backend_db) == meanings(both.backend_db)
            assert {name: both.figure(name) for name in Outcome} == apart


async def test_calls_are_in_flight_across_ranges_and_never_more_than_allowed(
    station: IdentityHarness,
) -> None:
    class Gated(PretendLml):
        """Lets nobody in before three wait at the door: more than the pages of one range."""

        waiting = 0
        gate = asyncio.Event()

        async def __call__(self, *arguments: Any) -> None:
            self.waiting += 1
            if self.waiting == 3:
                self.gate.set()
            async with asyncio.timeout(60):
                await self.gate.wait()
            await super().__call__(*arguments)

    station.pretend = Gated(AT_ONCE.changed({"base_latency_seconds": 0.01}), credits=few_credits)
    await station.run(sizes=PageSizes(batch_size=100, va_batch_size=100), in_flight=3)
    assert station.calls == 8
    assert station.pretend.counters.most_in_flight == 3


async def test_each_cohort_is_asked_in_pages_of_its_own_size(station: IdentityHarness) -> None:
    sizes: list[set[bool]] = []

    def answers(row: dict[str, Any]) -> None:
        sizes[-1].add(is_compilation(row["library_id"]))

    class Counted(PretendLml):
        async def __call__(self, *arguments: Any) -> None:
            sizes.append(set())
            await super().__call__(*arguments)

    station.pretend = Counted(AT_ONCE, credits=few_credits, answers=answers)
    await station.run(sizes=PageSizes(batch_size=15, va_batch_size=7), in_flight=1)
    assert all(len(cohorts) == 1 for cohorts in sizes)
    assert sum(cohorts == {True} for cohorts in sizes) == 4 * 3  # 20 compilations a range
    assert sum(cohorts == {False} for cohorts in sizes) == 4 * 3  # 40 others


@pytest.mark.parametrize("change", ["delete", "rename"])
async def test_a_record_that_changes_while_lml_is_asked_is_left_alone(
    station: IdentityHarness, change: str
) -> None:
    statements = {
        "delete": "delete from library where id = 7",
        "rename": "update library set artist_name = 'Chan Marshall' where id = 7",
    }

    def answers(row: dict[str, Any]) -> None:
        if row["library_id"] == 7:
            station.backend_db.connection.execute(statements[change].encode())

    station.pretend = PretendLml(AT_ONCE, credits=few_credits, answers=answers)
    summary = await station.run(ranges=RANGES[:1])
    assert not summary.why_open
    assert station.figure("scanned") == 59
    assert station.backend_db.rows("select * from library_identity where library_id = 7") == []
    if change == "rename":
        station.pretend = PretendLml(AT_ONCE, credits=few_credits)
        await station.run(ranges=RANGES[:1])
        assert station.asked == {7}


async def test_two_runs_at_once_ask_nothing_twice(station: IdentityHarness) -> None:
    station.pretend.configure(base_latency_seconds=0.005)
    other = IdentityHarness(station.url, station.pretend)
    with other.backend_db:
        await asyncio.gather(station.run(), other.run())
    assert station.asked == ALL_IDS
    assert station.pretend.counters.answered_more_than_once == 0
    assert station.figure("scanned") + other.figure("scanned") == RECORDS


async def test_no_ranges_are_no_work(station: IdentityHarness) -> None:
    summary = await station.run(ranges=[])
    assert (summary.reports, bool(summary.touched), station.calls) == ([], False, 0)


def meanings(backend_db: BackendDb) -> dict[str, Any]:
    """The Backend's tables without the times of the run."""
    timed = {"last_verified_at", "unresolved_attempted_at", "superseded_at"}
    mask: Callable[[dict[str, Any]], dict[str, Any]] = lambda row: {  # noqa: E731
        name: value is not None if name in timed else value for name, value in row.items()
    }
    return {table: [mask(row) for row in rows] for table, rows in backend_db.tables().items()}


async def test_each_cohort_has_a_tally_of_its_own(station: IdentityHarness) -> None:
    await station.run()
    for report in station.reports:
        assert report.tallies[Cohort.VA].scanned == 20
        assert report.tallies[Cohort.NON_VA].scanned == 40
