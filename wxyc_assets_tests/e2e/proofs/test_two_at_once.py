"""Concurrent runs, and a run alongside the application: no call is repeated, nothing deadlocks."""

from collections import Counter
from collections.abc import Generator
from datetime import datetime

import pytest

from wxyc_assets_tests.e2e.proofs.application import application
from wxyc_assets_tests.e2e.proofs.breakpoints import COUNT_BLOCKED, COUNT_STORED
from wxyc_assets_tests.e2e.proofs.children import Child, RunStarter
from wxyc_assets_tests.e2e.proofs.conftest import Baseline, FreshLibraries
from wxyc_assets_tests.e2e.proofs.small_library import RANGES, SLOW, ServedLml, served
from wxyc_assets_tests.e2e.proofs.tables import (
    Tables,
    assert_same,
    open_connection,
    read_tables,
    value,
)

CALLS_IN_FLIGHT = 2
"""The default of LML_MAX_CONCURRENT."""


@pytest.fixture
def lml() -> Generator[ServedLml]:
    with served(SLOW) as lml:
        yield lml


@pytest.fixture
def starter(libraries: FreshLibraries, lml: ServedLml) -> Generator[RunStarter]:
    with libraries.fresh(lml) as starter:
        yield starter


def test_two_runs_of_one_range(
    starter: RunStarter, lml: ServedLml, baseline: Baseline, seeded_at: datetime
) -> None:
    id_range = RANGES[2]
    _assert_both_succeed(starter.one_range(id_range.key), starter.one_range(id_range.key))
    _assert_asked_once(lml, baseline.first.within(id_range))
    tables = read_tables(starter.database_url, seeded_at)
    assert_same(tables.within(id_range), baseline.first.within(id_range))


def test_two_runs_of_the_whole_library(
    starter: RunStarter, lml: ServedLml, baseline: Baseline, seeded_at: datetime
) -> None:
    _assert_both_succeed(starter.whole_library(), starter.whole_library())
    _assert_asked_once(lml, baseline.first)
    assert_same(read_tables(starter.database_url, seeded_at), baseline.first)


def test_one_range_alongside_the_whole_library(
    starter: RunStarter, lml: ServedLml, baseline: Baseline, seeded_at: datetime
) -> None:
    whole = starter.whole_library()
    _assert_both_succeed(whole, starter.one_range(RANGES[4].key))
    _assert_asked_once(lml, baseline.first)
    assert_same(read_tables(starter.database_url, seeded_at), baseline.first)


def test_the_second_run_waits_for_a_range_that_the_first_has_locked(
    starter: RunStarter, lml: ServedLml, baseline: Baseline
) -> None:
    key = RANGES[0].key
    first = starter.one_range(key)
    with open_connection(starter.database_url) as observer:
        assert first.wait_until(lambda: value(observer, COUNT_STORED) > 0)
        second = starter.one_range(key)
        if second.wait_until(lambda: value(observer, COUNT_WAITING_FOR_A_RANGE) > 0):
            first.kill()
    assert second.finish() == 0, second.output
    answers = len(baseline.first.within(RANGES[0]).rows["lml_resolution"])
    with open_connection(starter.database_url) as observer:
        assert value(observer, COUNT_STORED) == answers


COUNT_WAITING_FOR_A_RANGE = (
    "select count(*) from pg_locks where locktype = 'advisory' and not granted "
    "and database = (select oid from pg_database where datname = current_database())"
)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_run_alongside_the_application(
    starter: RunStarter, lml: ServedLml, baseline: Baseline, seeded_at: datetime, seed: int
) -> None:
    with application(starter.database_url, seed=seed) as running:
        child = starter.whole_library()
        assert child.finish() == 0, child.output
    assert running.plays
    assert running.deleted
    assert max(Counter(lml.asked_records.since(0)).values()) == 1
    assert starter.whole_library().finish() == 0
    assert max(Counter(lml.asked_records.since(0)).values()) == 1

    tables = _without_plays(read_tables(starter.database_url, seeded_at))
    assert running.deleted.isdisjoint(
        row["library_id"]
        for table, rows in tables.rows.items()
        for row in rows
        if table not in TABLES_OUTLIVING_A_RECORD
    )
    expected = _without_plays(baseline.first)
    kept = tables.without(running.deleted), expected.without(running.deleted)
    moves = {0}  # the deletions move it
    assert_same(*(each.but("watermark_moves", moves) for each in kept))


TABLES_OUTLIVING_A_RECORD = {"library_identity_history", "lml_resolution"}


def test_a_deadlock_with_the_application_is_retried(
    starter: RunStarter, baseline: Baseline, seeded_at: datetime
) -> None:
    id_range = RANGES[0]
    dated = [i for i in baseline.ids_of_kind("unresolved") if i in id_range]
    middle = dated[len(dated) // 2]
    play = "update library set plays = plays + 1 where id = any(%s)"
    with (
        open_connection(starter.database_url) as ours,
        open_connection(starter.database_url) as observer,
    ):
        with ours.transaction():
            ours.execute(
                "set local deadlock_timeout = '10min'"
            )  # so that the run is the deadlock victim
            ours.execute(play, [[middle]])
            child = starter.one_range(id_range.key)
            pid = ours.info.backend_pid
            assert child.wait_until(lambda: value(observer, COUNT_BLOCKED, pid) > 0)
            ours.execute(play, [[each for each in dated if each != middle]])
        assert child.finish() == 0, child.output
    assert "deadlock detected" in child.output
    tables, expected = read_tables(starter.database_url, seeded_at), baseline.first
    assert_same(*(_without_plays(each.within(id_range)) for each in (tables, expected)))


def _without_plays(tables: Tables) -> Tables:
    """Return the tables without the column that the application increments."""
    library = [{**each, "row": {**each["row"], "plays": None}} for each in tables.rows["library"]]
    return Tables({**tables.rows, "library": library})


def _assert_both_succeed(one: Child, other: Child) -> None:
    assert one.finish() == 0, one.output
    assert other.finish() == 0, other.output


def _assert_asked_once(lml: ServedLml, expected: Tables) -> None:
    rows = {row["library_id"] for row in expected.rows["lml_resolution"]}
    assert Counter(lml.asked_records.since(0)) == Counter(rows)
    assert lml.lml.counters.most_in_flight <= CALLS_IN_FLIGHT
