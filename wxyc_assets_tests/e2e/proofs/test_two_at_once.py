"""Two runs at once, and a run beside the application: nothing is asked twice, nobody gets stuck."""

from collections import Counter
from collections.abc import Generator
from datetime import datetime

import pytest

from wxyc_assets_tests.e2e.proofs.application import application
from wxyc_assets_tests.e2e.proofs.children import Child, Starter
from wxyc_assets_tests.e2e.proofs.conftest import Untroubled, Worlds
from wxyc_assets_tests.e2e.proofs.moments import COUNT_HELD_UP, COUNT_STORED
from wxyc_assets_tests.e2e.proofs.small_world import RANGES, UNHURRIED, ServedLml, served
from wxyc_assets_tests.e2e.proofs.tables import Tables, assert_same, connected, read_tables, value

CALLS_IN_FLIGHT = 2
"""The default of LML_MAX_CONCURRENT."""


@pytest.fixture
def lml() -> Generator[ServedLml]:
    with served(UNHURRIED) as lml:
        yield lml


@pytest.fixture
def starter(worlds: Worlds, lml: ServedLml) -> Generator[Starter]:
    with worlds.fresh(lml) as starter:
        yield starter


def test_two_runs_of_one_range(
    starter: Starter, lml: ServedLml, untroubled: Untroubled, world_began: datetime
) -> None:
    id_range = RANGES[2]
    _both_end_well(starter.one_range(id_range.key), starter.one_range(id_range.key))
    _asked_once(lml, untroubled.first.within(id_range))
    tables = read_tables(starter.database_url, world_began)
    assert_same(tables.within(id_range), untroubled.first.within(id_range))


def test_two_runs_of_the_whole_library(
    starter: Starter, lml: ServedLml, untroubled: Untroubled, world_began: datetime
) -> None:
    _both_end_well(starter.whole_library(), starter.whole_library())
    _asked_once(lml, untroubled.first)
    assert_same(read_tables(starter.database_url, world_began), untroubled.first)


def test_one_range_beside_the_whole_library(
    starter: Starter, lml: ServedLml, untroubled: Untroubled, world_began: datetime
) -> None:
    whole = starter.whole_library()
    _both_end_well(whole, starter.one_range(RANGES[4].key))
    _asked_once(lml, untroubled.first)
    assert_same(read_tables(starter.database_url, world_began), untroubled.first)


def test_the_second_waits_for_a_range_that_the_first_works_on(
    starter: Starter, lml: ServedLml, untroubled: Untroubled
) -> None:
    key = RANGES[0].key
    first = starter.one_range(key)
    with connected(starter.database_url) as eye:
        assert first.wait_until(lambda: value(eye, COUNT_STORED) > 0)
        second = starter.one_range(key)
        if second.wait_until(lambda: value(eye, COUNT_WAITING_FOR_A_RANGE) > 0):
            first.kill()
    assert second.finish() == 0, second.said
    answers = len(untroubled.first.within(RANGES[0]).rows["lml_resolution"])
    with connected(starter.database_url) as eye:
        assert value(eye, COUNT_STORED) == answers


COUNT_WAITING_FOR_A_RANGE = (
    "select count(*) from pg_locks where locktype = 'advisory' and not granted "
    "and database = (select oid from pg_database where datname = current_database())"
)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_run_beside_the_application(
    starter: Starter, lml: ServedLml, untroubled: Untroubled, world_began: datetime, seed: int
) -> None:
    with application(starter.database_url, seed=seed) as living:
        child = starter.whole_library()
        assert child.finish() == 0, child.said
    assert living.plays
    assert living.deleted
    assert max(Counter(lml.witness.since(0)).values()) == 1
    assert starter.whole_library().finish() == 0
    assert max(Counter(lml.witness.since(0)).values()) == 1

    tables = _unplayed(read_tables(starter.database_url, world_began))
    assert living.deleted.isdisjoint(
        row["library_id"]
        for table, rows in tables.rows.items()
        for row in rows
        if table not in OUTLIVES_ITS_RECORD
    )
    expected = _unplayed(untroubled.first)
    kept = tables.without(living.deleted), expected.without(living.deleted)
    watermark = {0}  # moved by the deletions
    assert_same(*(each.but("library_watermark", watermark) for each in kept))


OUTLIVES_ITS_RECORD = {"library_identity_history", "lml_resolution"}


def test_a_deadlock_with_the_application_is_tried_again(
    starter: Starter, untroubled: Untroubled, world_began: datetime
) -> None:
    id_range = RANGES[0]
    dated = [i for i in untroubled.of_kind("unresolved") if i in id_range]
    in_the_middle = dated[len(dated) // 2]
    play = "update library set plays = plays + 1 where id = any(%s)"
    with connected(starter.database_url) as ours, connected(starter.database_url) as eye:
        with ours.transaction():
            ours.execute("set local deadlock_timeout = '10min'")  # let the run give way
            ours.execute(play, [[in_the_middle]])
            child = starter.one_range(id_range.key)
            pid = ours.info.backend_pid
            assert child.wait_until(lambda: value(eye, COUNT_HELD_UP, pid) > 0)
            ours.execute(play, [[each for each in dated if each != in_the_middle]])
        assert child.finish() == 0, child.said
    assert "deadlock detected" in child.said
    tables, expected = read_tables(starter.database_url, world_began), untroubled.first
    assert_same(*(_unplayed(each.within(id_range)) for each in (tables, expected)))


def _unplayed(tables: Tables) -> Tables:
    """Without what the application counts."""
    library = [{**each, "row": {**each["row"], "plays": None}} for each in tables.rows["library"]]
    return Tables({**tables.rows, "library": library})


def _both_end_well(one: Child, other: Child) -> None:
    assert one.finish() == 0, one.said
    assert other.finish() == 0, other.said


def _asked_once(lml: ServedLml, expected: Tables) -> None:
    rows = {row["library_id"] for row in expected.rows["lml_resolution"]}
    assert Counter(lml.witness.since(0)) == Counter(rows)
    assert lml.lml.counters.most_in_flight <= CALLS_IN_FLIGHT
