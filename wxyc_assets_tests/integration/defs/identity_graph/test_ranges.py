"""Ranges of the identity graph: asked, applied, materialized, and run again."""

import dagster as dg
import pytest

from wxyc_assets.defs.jobs import all_ranges
from wxyc_assets.defs.library_identity import (
    LIBRARY_IDENTITY,
    LML_RESOLUTIONS,
)
from wxyc_assets_tests.integration.defs.identity_graph.graph import (
    ASSETS,
    CANDIDATES,
    IDS,
    KEYS,
    TWO,
    IdentityGraph,
    in_ranges,
    one,
    span,
    why,
)
from wxyc_sandbox.lml.faults import Fault


def test_one_range(station: IdentityGraph) -> None:
    assert station.run(one(KEYS[3])).success
    assert station.asked == in_ranges([KEYS[3]])
    assert station.pretend.counters.callers.keys() == {"library-identity-consumer"}
    for asset_key in (CANDIDATES, *TWO):
        assert station.materialized(asset_key) == {KEYS[3]}


def test_a_range_of_ranges_in_one_run(station: IdentityGraph) -> None:
    result = station.run(span(KEYS[2], KEYS[5]))
    assert result.success
    assert station.asked == in_ranges(KEYS[2:6])
    for asset_key in (CANDIDATES, *TWO):
        assert station.materialized(asset_key) == {*KEYS[2:6]}


def test_all_ranges_in_one_run_and_a_second_one_is_quiet(station: IdentityGraph) -> None:
    assert station.run(all_ranges).success
    assert station.asked == IDS
    assert station.pretend.counters.answered_more_than_once == 0
    for asset_key in (CANDIDATES, *TWO):
        assert station.materialized(asset_key) == {*KEYS}
    before = station.backend_db.versions()
    station.pretend.counters.reset()
    assert station.run(all_ranges).success
    assert station.pretend.counters.calls == {}
    assert station.backend_db.versions() == before


def test_a_failing_range_fails_the_run_and_leaves_the_others_materialized(
    station: IdentityGraph,
) -> None:
    row = min(in_ranges([KEYS[4]]))
    station.pretend.faults = [Fault("short", rows=frozenset({row}))]
    result = station.run(span(KEYS[3], KEYS[6]))
    assert not result.success
    for asset_key in TWO:
        assert station.materialized(asset_key) == {KEYS[3], KEYS[5], KEYS[6]}
    assert station.materialized(CANDIDATES) == {*KEYS[3:7]}
    assert "1 range is open" in why(result)
    assert f"{KEYS[4]}: 1 lml_cardinality_mismatch" in why(result)
    unwritten = "select count(*) from lml_resolution where applied_at is null"
    assert station.backend_db.value(unwritten) == 0


def test_re_execution_asks_only_for_what_is_missing(station: IdentityGraph) -> None:
    row = min(in_ranges([KEYS[4]]))
    station.pretend.faults = [Fault("short", rows=frozenset({row}))]
    assert not station.run(span(KEYS[3], KEYS[6])).success
    station.pretend.faults = []
    station.pretend.counters.reset()
    assert station.run(one(KEYS[4])).success
    assert station.asked == {row}
    for asset_key in TWO:
        assert station.materialized(asset_key) == {*KEYS[3:7]}


def test_candidates_alone_need_no_lml(station: IdentityGraph) -> None:
    station.lml_url = "http://lml.invalid"
    assert station.run(one(KEYS[2]), asset_selection=[CANDIDATES]).success
    assert station.materialized(CANDIDATES) == {KEYS[2]}


def test_raising_is_left_to_whoever_runs_it(station: IdentityGraph) -> None:
    station.pretend.faults = [Fault("status", status=403, every=1)]
    with pytest.raises(dg.Failure, match="LML stopped us"):
        dg.materialize(
            ASSETS, partition_key=KEYS[1], resources=station.resources(), instance=station.instance
        )


def test_asking_alone_and_applying_alone(station: IdentityGraph) -> None:
    asked = station.run(one(KEYS[2]), asset_selection=[CANDIDATES, LML_RESOLUTIONS])
    assert asked.success
    assert station.materialized(LML_RESOLUTIONS) == {KEYS[2]}
    assert station.materialized(LIBRARY_IDENTITY) == set()
    assert station.backend_db.value("select count(*) from library_identity") == 0
    calls = station.pretend.counters.calls["resolve"]
    assert station.run(one(KEYS[2]), asset_selection=[LIBRARY_IDENTITY]).success
    assert station.pretend.counters.calls["resolve"] == calls
    assert station.materialized(LIBRARY_IDENTITY) == {KEYS[2]}
    assert station.backend_db.value("select count(*) from library_identity") > 0


def test_a_range_shows_what_became_of_its_rows(station: IdentityGraph) -> None:
    key = KEYS[3]
    station.run(one(key))
    event = station.instance.get_latest_materialization_event(LIBRARY_IDENTITY)
    assert event is not None
    assert event.asset_materialization is not None
    figures = {name: each.value for name, each in event.asset_materialization.metadata.items()}
    rows = len(in_ranges([key]))
    identities = "select count(*) from library_identity where library_id = any(%s)"
    written = station.backend_db.value(identities, [[*in_ranges([key])]])
    assert figures["dagster/partition_row_count"] == written > 0
    assert figures["run/scanned"] == figures["records"] == rows
    counted = {name: count for name, count in figures.items() if name.startswith("run/rows_")}
    assert sum(count for count in counted.values() if isinstance(count, int)) == rows
    assert figures["run/lml_total_calls"] == 2
    assert figures["run/discogs_requests_per_identity"] == 0
    candidates = station.instance.get_latest_materialization_event(CANDIDATES)
    assert candidates is not None
    assert candidates.asset_materialization is not None
    due = candidates.asset_materialization.metadata
    assert due["due.never_resolved"].value == rows


def test_the_launchpad_changes_the_scope(station: IdentityGraph) -> None:
    narrow = {"resources": {"scope": {"config": {"include_null_canonical": False}}}}
    assert station.run(one(KEYS[2]), run_config=narrow).success
    assert station.asked == {each for each in in_ranges([KEYS[2]]) if each % 2 == 0}
