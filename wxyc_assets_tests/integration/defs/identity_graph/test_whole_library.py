"""`library_full`, with a range, a record or a key in trouble."""

import dagster as dg

from wxyc_assets.defs import (
    library_artwork,
    library_coverage,
    library_doubts,
    library_identity,
    library_releases,
)
from wxyc_assets.defs import library_candidates as candidates
from wxyc_assets.defs.jobs import library_full
from wxyc_assets.defs.library_identity import (
    LIBRARY_IDENTITY,
)
from wxyc_assets.defs.open_ranges import open_ranges
from wxyc_assets.defs.partitions import library_ranges
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets_tests.integration.defs.identity_graph.graph import (
    KEYS,
    TWO,
    IdentityGraph,
    failures,
    in_ranges,
)
from wxyc_sandbox.lml.faults import Fault


def full(station: IdentityGraph) -> dg.ExecuteInProcessResult:
    """Run `library_full`, with the checks of all its assets."""
    library = [
        candidates,
        library_identity,
        library_artwork,
        library_releases,
        library_coverage,
        library_doubts,
    ]
    definitions = dg.Definitions(
        assets=dg.load_assets_from_modules(library),
        asset_checks=dg.load_asset_checks_from_modules(library),
        jobs=[library_full],
        resources=station.resources(),
    )
    return definitions.resolve_job_def("library_full").execute_in_process(
        instance=station.instance,
        raise_on_error=False,
        run_config={"ops": {"library_artwork": {"config": {"health_interval_seconds": 0.0}}}},
    )


def test_an_open_range_keeps_neither_covers_nor_snapshot_from_the_others(
    station: IdentityGraph,
) -> None:
    row = min(in_ranges([KEYS[4]]))
    station.pretend.faults = [Fault("short", rows=frozenset({row}))]
    result = full(station)
    assert not result.success
    (said,) = failures(result).values()
    assert "1 range is open" in said
    assert f"{KEYS[4]}: 1 lml_cardinality_mismatch" in said
    for asset_key in TWO:
        assert station.materialized(asset_key) == {*KEYS} - {KEYS[4]}
        status = station.instance.get_status_by_partition(asset_key, KEYS, library_ranges)
        assert status is not None
        words = {key: found.value for key, found in status.items() if found}
        assert [key for key in KEYS if words.get(key) == "FAILED"] == [KEYS[4]]
    assert station.materialized(dg.AssetKey("library_artwork")) == {*KEYS}
    snapshots = "select count(*) from coverage_snapshot where dimension = 'all'"
    assert station.backend_db.value(snapshots) == 1
    evaluated = {each.check_name for each in result.get_asset_check_evaluations()}
    assert "the_library_is_covered" in evaluated
    only_the_check = dg.DagsterRun(
        job_name="library_full", parent_run_id=result.run_id, root_run_id=result.run_id
    )
    left = open_ranges(station.instance, only_the_check, LIBRARY_IDENTITY)
    assert left == {IdRange.parse(KEYS[4]): "1 lml_cardinality_mismatch"}


def test_a_record_that_lml_hangs_up_on_keeps_nothing_from_running(station: IdentityGraph) -> None:
    row = min(in_ranges([KEYS[4]]))
    station.pretend.faults = [Fault("closed_head", rows=frozenset({row}))]
    result = full(station)
    assert failures(result) == {}
    assert station.materialized(LIBRARY_IDENTITY) == {*KEYS}
    refused = station.backend_db.rows("select * from lml_resolution where refusal is not null")
    assert [each["library_id"] for each in refused] == [row]
    evaluated = {each.check_name: each.passed for each in result.get_asset_check_evaluations()}
    assert evaluated["identity_ranges_are_complete"]
    assert evaluated["artwork_ranges_are_complete"]


def test_an_open_range_of_covers_fails_the_run_after_its_snapshot(station: IdentityGraph) -> None:
    station.backend_db.execute("update artists set discogs_artist_id = 7")
    station.backend_db.execute("update library set discogs_unavailable = id % 8 <> 0")
    station.pretend.faults = [Fault("malformed", route="lookup", calls=frozenset({1}))]
    result = full(station)
    assert not result.success
    (said,) = failures(result).values()
    assert "1 range is open" in said
    assert " lml_error (POST /api/v1/lookup: " in said
    covered = station.materialized(dg.AssetKey("library_artwork"))
    assert len(covered) == len(KEYS) - 1
    snapshots = "select count(*) from coverage_snapshot where dimension = 'all'"
    assert station.backend_db.value(snapshots) == 1


def test_a_wrong_key_stops_the_whole_run(station: IdentityGraph) -> None:
    station.pretend.configure(api_key="sesame")
    station.api_key = "hunter2"
    (said,) = failures(full(station)).values()
    assert "LML stopped us" in said
    assert station.materialized(dg.AssetKey("library_artwork")) == set()
