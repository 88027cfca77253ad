"""Trouble with LML or the database, in a run over identities."""

from dataclasses import replace
from typing import Any

import pytest

from wxyc_assets.adapters.lml.errors import LmlRefused, LmlUnavailable
from wxyc_assets.adapters.postgres.errors import DatabaseUnavailable
from wxyc_assets.adapters.postgres.refusal_store import RefusalStore, RefusedQuestion
from wxyc_assets_tests.integration.flows.station import (
    NARROW,
    RANGES,
    IdentityHarness,
    opening,
)
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.sample_library import (
    ALL_IDS,
    RECORDS,
    few_credits,
    is_compilation,
)
from wxyc_sandbox.lml.app import PretendLml as PretendLml
from wxyc_sandbox.lml.faults import Fault

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
    assert station.asked == ALL_IDS
    assert station.pretend.counters.answered_more_than_once == 0


async def test_a_row_that_lml_cannot_digest_is_recorded_and_leaves_its_range_complete(
    station: IdentityHarness,
) -> None:
    faults = [Fault("status", rows=frozenset({70}), status=422)]
    summary = await station.run(faults=faults)
    assert not summary.why_open
    assert station.asked == ALL_IDS - {70}
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
    assert station.asked - {row} == ALL_IDS - {row}
    refused = station.backend_db.rows("select * from lml_resolution where refusal is not null")
    assert [each["library_id"] for each in refused] == [row]
    assert station.figure("scanned") == RECORDS
    station.pretend.counters.reset()
    await station.run()
    assert station.calls == 0


async def test_nul_bytes_in_tracks_cost_no_row(station: IdentityHarness) -> None:
    faults = [Fault("poison", poison="nul", rows=frozenset(filter(is_compilation, ALL_IDS)))]
    summary = await station.run(faults=faults)
    assert (summary.why_open, station.asked) == ({}, ALL_IDS)
    assert station.figure("rows_skipped.writer_error") == 0
    assert station.figure("unstorable_values") > 0
    assert station.figure("tracks_written") == 0
    assert station.backend_db.value("select count(*) from library_identity") > 0


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
