"""Whole runs: the real client over the pretend LML, the real tables in a real PostgreSQL."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from wxyc_assets.adapters.lml.errors import LmlRefused, LmlUnavailable
from wxyc_assets.adapters.lml.retry import RetryPolicy
from wxyc_assets.adapters.postgres.errors import DatabaseUnavailable
from wxyc_assets.adapters.postgres.refusal_store import RefusalStore, RefusedQuestion
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
    opening,
)
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.sample_library import (
    RECORDS,
    few_credits,
    is_canonical,
    is_compilation,
)
from wxyc_sandbox.lml.app import PretendLml as PretendLml
from wxyc_sandbox.lml.faults import Fault

ALL = {*range(1, RECORDS + 1)}
CANONICAL = {each for each in ALL if is_canonical(each)}
AT_ONCE_AGAIN = RetryPolicy(attempts=20, first_wait=0, jitter=0)
REFUSE_IDENTITIES = """
    create function refuse() returns trigger language plpgsql as
    $$ begin raise exception 'no identities today'; end $$;
    create trigger refuse before insert or update on library_identity
    for each row execute function refuse()
"""
DISCARD_IDENTITIES = """
    create function discard() returns trigger language plpgsql as $$ begin return null; end $$;
    create trigger discard before insert on library_identity
    for each row execute function discard()
"""


async def test_a_wide_run_asks_about_every_row_once(station: IdentityHarness) -> None:
    summary = await station.run(WIDE)
    assert station.asked == ALL
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
    assert station.asked == ALL - first
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
    assert station.asked == {row["library_id"] for row in in_va} == {*filter(is_compilation, ALL)}


async def test_on_a_re_run_only_what_is_missing_is_asked(station: IdentityHarness) -> None:
    faults = [Fault("malformed", calls=frozenset({2, 5, 9}))]
    summary = await station.run(faults=faults)
    missing = ALL - station.asked
    assert missing
    assert summary.why_open
    assert station.figure("rows_skipped.lml_error") == len(missing)
    assert station.figure("scanned") == RECORDS
    first = station.calls
    summary = await station.run()
    assert station.asked == ALL
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
    missing = ALL - station.asked
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


async def test_an_open_range_leaves_the_others_complete(station: IdentityHarness) -> None:
    faults = [Fault("short", rows=frozenset({70}))]
    summary = await station.run(faults=faults)
    assert list(summary.why_open) == [RANGES[1]]
    complete = [each.id_range for each in station.reports if not each.open_rows]
    assert sorted(complete) == [RANGES[0], *RANGES[2:]]
    (report,) = [each for each in station.reports if each.open_rows]
    assert report.why_open == "1 lml_cardinality_mismatch"
    assert (
        station.backend_db.value("select count(*) from lml_resolution where applied_at is null")
        == 0
    )


async def test_a_wrong_key_stops_the_run_and_the_rest_is_not_begun(
    station: IdentityHarness,
) -> None:
    summary = await station.run(faults=[Fault("status", status=403)])
    assert isinstance(summary.stopped, LmlRefused)
    assert station.calls <= 2
    assert summary.not_begun
    assert sorted(summary.why_open) == RANGES
    assert station.backend_db.value("select count(*) from lml_resolution") == 0


async def test_what_was_answered_before_lml_went_down_is_applied(station: IdentityHarness) -> None:
    faults = [
        Fault("status", route="resolve", status=503, calls=frozenset(range(8, 100))),
        Fault("status", route="health", status=503),
    ]
    summary = await station.run(faults=faults, in_flight=1)
    assert isinstance(summary.stopped, LmlUnavailable)
    assert 10 <= station.calls <= 12  # a page that is still being stored may end in between
    assert station.asked
    waiting = "select count(*) from lml_resolution where applied_at is null"
    assert station.backend_db.value(waiting) == 0
    assert summary.not_begun
    await station.run()
    assert station.asked == ALL
    assert station.pretend.counters.answered_more_than_once == 0


async def test_a_row_that_lml_cannot_digest_is_recorded_and_leaves_its_range_complete(
    station: IdentityHarness,
) -> None:
    faults = [Fault("status", rows=frozenset({70}), status=422)]
    summary = await station.run(faults=faults)
    assert not summary.why_open
    assert station.asked == ALL - {70}
    row = station.backend_db.row("select * from lml_resolution where library_id = 70")
    assert row is not None
    assert "HTTP 422" in row["refusal"]
    assert row["kind"] is None
    assert station.figure("rows_skipped.lml_refused") == 1
    station.pretend.counters.reset()
    await station.run()
    assert station.calls == 0


async def test_writes_that_are_refused_leave_their_range_open_until_they_succeed(
    station: IdentityHarness,
) -> None:
    station.backend_db.execute(REFUSE_IDENTITIES)
    summary = await station.run()
    assert sorted(summary.why_open) == RANGES
    refused = station.figure("rows_skipped.writer_error")
    assert (refused > 100, station.figure("rows_resolved")) == (True, 0)
    assert "not written (no identities today)" in summary.why_open[RANGES[0]]
    station.pretend.counters.reset()
    again = await station.run()
    assert sorted(again.why_open) == RANGES
    station.backend_db.execute("drop trigger refuse on library_identity")
    last = await station.run()
    assert (last.why_open, station.figure("rows_resolved")) == ({}, refused)
    assert station.calls == 0
    assert station.backend_db.value("select count(*) from library_identity") == refused


async def test_writes_that_are_discarded_without_an_error_count_as_refused(
    station: IdentityHarness,
) -> None:
    station.backend_db.execute(DISCARD_IDENTITIES)
    summary = await station.run()
    assert sorted(summary.why_open) == RANGES
    assert "not written (the row was discarded without an error" in summary.why_open[RANGES[0]]
    station.backend_db.execute("drop trigger discard on library_identity")
    station.pretend.counters.reset()
    assert not (await station.run()).why_open
    assert station.calls == 0
    assert station.backend_db.value("select count(*) from library_identity") > 100


async def test_a_few_refused_writes_leave_their_range_complete_and_are_tried_again(
    station: IdentityHarness,
) -> None:
    station.backend_db.execute(REFUSE_IDENTITIES)
    station.backend_db.execute(
        "alter table library_identity disable trigger refuse; "
        "alter table library_identity add constraint few check (library_id not in (1, 2, 4))"
    )
    summary = await station.run(ranges=RANGES[:1])
    refused = set(station.reports[0].write_errors)
    assert refused
    assert (summary.why_open, refused <= {1, 2, 4}) == ({}, True)
    station.backend_db.execute("alter table library_identity drop constraint few")
    station.pretend.counters.reset()
    await station.run(ranges=RANGES[:1])
    assert (station.figure("rows_resolved"), station.calls) == (len(refused), 0)


async def test_an_identity_that_is_stale_is_replaced_by_the_answer_that_was_refused(
    station: IdentityHarness,
) -> None:
    await station.run()
    station.backend_db.execute(
        "update library_identity set last_verified_at = last_verified_at - interval '8 days', "
        "method = 'llm'"
    )
    station.backend_db.execute(REFUSE_IDENTITIES)
    summary = await station.run()
    assert sorted(summary.why_open) == RANGES
    station.backend_db.execute("drop trigger refuse on library_identity")
    station.pretend.counters.reset()
    assert not (await station.run()).why_open
    assert station.calls == 0
    stale = (
        "select count(*) from library_identity where last_verified_at < now() - interval '1 day'"
    )
    assert station.backend_db.value(stale) == 0


async def test_what_a_person_wants_asked_again_is_asked_again_once(
    station: IdentityHarness,
) -> None:
    await station.run(faults=[Fault("status", rows=frozenset({70}), status=422)])
    async with opening(station.url) as opened:
        store = RefusalStore(opened)
        (refusal,) = await store.refused()
        assert (refusal.library_id, refusal.subject, refusal.is_by_lml) == (
            70,
            RefusedQuestion.IDENTITY,
            True,
        )
        assert "HTTP 422" in refusal.reason
        await store.ask_again([refusal])
        assert [each.ask_again_at is not None for each in await store.refused()] == [True]
        station.pretend.counters.reset()
        await station.run(NARROW)
        assert station.asked == {70}
        assert await store.refused() == []
    station.pretend.counters.reset()
    await station.run(NARROW)
    assert station.asked == set()


async def test_an_answer_that_was_refused_can_be_asked_for_anew(station: IdentityHarness) -> None:
    station.backend_db.execute(REFUSE_IDENTITIES)
    await station.run(ranges=RANGES[:1])
    async with opening(station.url) as opened:
        store = RefusalStore(opened)
        refusals = await store.refused()
        assert {each.is_by_lml for each in refusals} == {False}
        assert {each.reason for each in refusals} == {"no identities today"}
        await store.ask_again(refusals[:2])
    station.backend_db.execute("drop trigger refuse on library_identity")
    station.pretend.counters.reset()
    assert not (await station.run(ranges=RANGES[:1])).why_open
    assert station.asked == {each.library_id for each in refusals[:2]}
    assert station.figure("rows_resolved") == len(refusals)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=504, body="html"),
        Fault("status", status=502),
        Fault("closed_head"),
        Fault("closed_body"),
    ],
    ids=["504", "502", "closed before the answer", "closed in the middle"],
)
async def test_a_row_that_lml_hangs_up_on_is_refused_and_its_neighbours_are_answered(
    station: IdentityHarness, fault: Fault
) -> None:
    row = 70
    summary = await station.run(faults=[replace(fault, rows=frozenset({row}))])
    assert (summary.why_open, summary.stopped) == ({}, None)
    assert station.asked - {row} == ALL - {row}
    refused = station.backend_db.rows("select * from lml_resolution where refusal is not null")
    assert [each["library_id"] for each in refused] == [row]
    assert station.figure("scanned") == RECORDS
    station.pretend.counters.reset()
    await station.run()
    assert station.calls == 0


async def test_nul_bytes_in_tracks_cost_no_row(station: IdentityHarness) -> None:
    faults = [Fault("poison", poison="nul", rows=frozenset(filter(is_compilation, ALL)))]
    summary = await station.run(faults=faults)
    assert (summary.why_open, station.asked) == ({}, ALL)
    assert station.figure("rows_skipped.writer_error") == 0
    assert station.figure("unstorable_values") > 0
    assert station.figure("tracks_written") == 0
    assert station.backend_db.value("select count(*) from library_identity") > 0


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
    assert station.asked == ALL
    assert station.pretend.counters.answered_more_than_once == 0
    assert station.figure("scanned") + other.figure("scanned") == RECORDS


async def test_a_database_that_goes_away_ends_the_run_with_its_own_error(
    station: IdentityHarness,
) -> None:
    def answers(row: dict[str, Any]) -> None:
        if row["library_id"] == 70:
            station.backend_db.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where application_name = 'wxyc_assets' and datname = current_database()"
            )

    station.pretend = PretendLml(AT_ONCE, credits=few_credits, answers=answers)
    with pytest.raises(BaseExceptionGroup) as caught:
        await station.run()
    lost, others = caught.value.split(DatabaseUnavailable)
    assert lost is not None
    assert others is None
    station.pretend = PretendLml(AT_ONCE, credits=few_credits)
    summary = await station.run()
    assert not summary.why_open


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
