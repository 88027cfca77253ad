"""The rotation's assets and checks over a real Postgres and the pretend LML."""

import asyncio
from collections.abc import Iterator
from math import ceil
from typing import Literal

import dagster as dg
import pytest

from wxyc_assets.defs.dry_runs import plan_refresh
from wxyc_assets.defs.resources import RotationGates
from wxyc_assets.defs.rotation_identities import rotation_identities
from wxyc_assets.domain.refreshes import affordable_batch
from wxyc_assets.settings import settings
from wxyc_assets_tests.integration.defs.rotation import (
    RotationGraph,
    changed,
    failures,
    station,
    verdicts,
)
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.lml.settings import LmlSettings

AT_ONCE = {"batch_size": 20, "pause_seconds": 0}


@pytest.fixture
def lml() -> PretendLml:
    return PretendLml(LmlSettings(base_latency_seconds=0, discogs_per_worker_per_minute=0))


@pytest.fixture
def rotation(assets: str, lml: PretendLml) -> Iterator[RotationGraph]:
    with station(assets, lml) as opened:
        yield opened


def test_everything_in_rotation_is_refreshed_once(rotation: RotationGraph, lml: PretendLml) -> None:
    rotation.rotate(*range(1, 101), 5, 5)
    rotation.rotate(999, killed_days_ago=-3)
    rotation.rotate(1_000, killed_days_ago=0)
    rotation.rotate(1_001, killed_days_ago=3)
    result = rotation.run(config=AT_ONCE)
    assert result.success
    assert lml.counters.refreshed.keys() == {*range(1, 101), 999}
    assert lml.counters.most_in_flight == 1
    assert lml.counters.callers.keys() == {"rotation-artist-backfill"}
    (row,) = rotation.rows()
    assert row["identities_scanned"] == 101
    assert row["identities_scanned"] == row["identities_resolved"] + row["lml_error"]
    assert row["warmed_artists"] > row["warmed_releases"] > 80
    assert row["finished_at"]
    assert row["failure"] is None


def test_the_figures_are_those_that_the_dashboards_know(rotation: RotationGraph) -> None:
    rotation.rotate(*range(1, 101))
    result = rotation.run(config=AT_ONCE)
    (done,) = result.asset_materializations_for_node("rotation_cache")
    (row,) = rotation.rows()
    names = "identities_scanned identities_resolved warmed_releases warmed_artists not_found "
    for name in (names + "not_implemented lml_error").split():
        assert done.metadata[f"backfill.{name}"].value == row[name]


def test_the_assets_say_that_the_rotation_was_read(rotation: RotationGraph) -> None:
    rotation.rotate(1, 2)
    rotation.rotate(3, killed_days_ago=3)
    with dg.DagsterInstance.ephemeral() as instance:
        resources = {"database": rotation.resources["database"]}
        dg.materialize([rotation_identities], instance=instance, resources=resources)
        event = instance.get_latest_materialization_event(dg.AssetKey("rotation"))
    assert event
    assert event.asset_materialization
    assert event.asset_materialization.metadata["active_releases"].value == 2


def test_an_unidentified_rotation_refreshes_nothing(
    rotation: RotationGraph, lml: PretendLml
) -> None:
    rotation.rotate(*range(1, 99))
    rotation.rotate(None, None, artist="Jessica Pratt")
    result = rotation.run()
    check = verdicts(result)["rotation_is_identified"]
    assert not check.passed
    assert check.description == (
        "98 of 100 (98%) active rotation releases with a Discogs release have an LML identity, "
        "the floor is 99%; of the active rotation releases 98 of 100 (98%)."
    )
    assert "Jessica Pratt - Moon Pix" in str(check.metadata["offenders"].value)
    assert not lml.counters.calls["refresh"]
    assert not rotation.rows()


def test_the_floor_can_be_set(rotation: RotationGraph) -> None:
    rotation.rotate(*range(1, 99), None, None)
    lower = RotationGates(floor=0.98, local_dev=True, github_token="")
    assert rotation.run(config=AT_ONCE, rotation_gates=lower).success


def test_a_release_without_discogs_does_not_count_unless_all_do(rotation: RotationGraph) -> None:
    rotation.rotate(*range(1, 100))
    rotation.rotate(None, None, release=None)
    result = rotation.run(config=AT_ONCE)
    assert result.success
    numbers = verdicts(result)["rotation_is_identified"].metadata
    assert numbers["share.resolvable"].value == 1
    assert numbers["share.absolute"].value == pytest.approx(99 / 101)
    absolute = RotationGates(basis="absolute", local_dev=True, github_token="")
    result = rotation.run(config=AT_ONCE, rotation_gates=absolute)
    assert not result.success
    assert "99 of 101 (98.0%)" in (verdicts(result)["rotation_is_identified"].description or "")


@pytest.mark.parametrize("basis", ["resolvable", "absolute"])
def test_an_empty_rotation_is_red_on_either_basis(
    rotation: RotationGraph, lml: PretendLml, basis: Literal["resolvable", "absolute"]
) -> None:
    gates = RotationGates(basis=basis, local_dev=True, github_token="")
    result = rotation.run(rotation_gates=gates)
    assert not result.success
    assert "nothing can be refreshed" in (
        verdicts(result)["rotation_is_identified"].description or ""
    )
    assert not lml.counters.calls["refresh"]


def test_a_rotation_with_nothing_resolvable_is_red(rotation: RotationGraph) -> None:
    rotation.rotate(*range(1, 101), release=None)
    result = rotation.run()
    assert not result.success
    assert not verdicts(result)["rotation_is_identified"].passed
    assert not rotation.rows()


def test_an_lml_without_the_route_is_not_called(rotation: RotationGraph, lml: PretendLml) -> None:
    rotation.rotate(1)
    lml.configure(refresh_exists=False)
    result = rotation.run(rotation_gates=RotationGates(local_dev=False, github_token=""))
    check = verdicts(result)["lml_serves_the_refresh"]
    assert not check.passed
    assert "404" in (check.description or "")
    assert not rotation.rows()


def test_the_cache_alone_looks_at_both_gates(rotation: RotationGraph, lml: PretendLml) -> None:
    rotation.rotate(1, None)
    result = rotation.run("rotation_cache")
    assert "1 of 2 (50%)" in failures(result)[0]
    rotation.backend_db.execute("delete from rotation where lml_identity_id is null")
    lml.configure(refresh_exists=False)
    shut = RotationGates(local_dev=False, github_token="")
    result = rotation.run("rotation_cache", rotation_gates=shut)
    assert "HTTP 404" in failures(result)[0]
    assert not lml.counters.rows["refresh"]


def test_a_failed_batch_turns_the_run_red_after_the_rest_is_done(
    rotation: RotationGraph, lml: PretendLml
) -> None:
    rotation.rotate(*range(1, 101))
    lml.faults = [Fault("status", route="refresh", rows=frozenset({30}), status=503)]
    result = rotation.run(config=AT_ONCE)
    assert not result.success
    checks = verdicts(result)
    assert "20 identities are not refreshed" in (
        checks["every_identity_is_refreshed"].description or ""
    )
    assert not checks["every_identity_is_refreshed"].passed
    assert not checks["refresh_errors_stay_rare"].passed
    assert checks["stale_handles_stay_rare"].passed
    assert lml.counters.refreshed.keys() == {*range(1, 21), *range(41, 101)}
    (row,) = rotation.rows()
    assert row["identities_scanned"] == 100
    assert row["lml_error"] >= 20
    assert row["failure"]
    assert row["finished_at"]


def test_a_call_that_goes_well_the_second_time_is_no_failure(
    rotation: RotationGraph, lml: PretendLml
) -> None:
    rotation.rotate(*range(1, 41))
    lml.faults = [Fault("status", route="refresh", first=1, status=503)]
    assert rotation.run(config=AT_ONCE).success
    assert len(lml.counters.refreshed) == 40


@pytest.mark.parametrize("status", [401, 403])
def test_a_rotated_key_stops_at_the_first_no(
    rotation: RotationGraph, lml: PretendLml, status: int
) -> None:
    rotation.rotate(*range(1, 101))
    lml.faults = [Fault("status", route="refresh", status=status)]
    result = rotation.run(config=AT_ONCE)
    assert "LML stopped us" in failures(result)[0]
    assert lml.counters.calls["refresh"] == 1
    assert rotation.rows()[0]["lml_error"] == 100


def test_a_dj_who_stays_on_the_air_stops_the_refresh_and_says_so(
    rotation: RotationGraph, lml: PretendLml
) -> None:
    rotation.rotate(*range(1, 101))
    rotation.backend_db.execute("insert into flowsheet (play_order) values (1)")
    never_waits = {"live_activity_max_pause_ms": 0}
    result = rotation.run(config=AT_ONCE, lml=changed(rotation.resources["lml"], never_waits))
    why = "100 identities are not refreshed. A DJ has been on the air for longer than"
    assert failures(result)[0].startswith(why)
    assert not lml.counters.calls["refresh"]
    (row,) = rotation.rows()
    assert row["failure"].startswith(why)


def test_a_breaker_that_stays_open_fails_and_says_so(
    rotation: RotationGraph, lml: PretendLml
) -> None:
    rotation.rotate(*range(1, 101))
    lml.configure(breaker="half-open")
    result = rotation.run(config=AT_ONCE)
    assert "LML's breaker towards Discogs has been half-open" in failures(result)[0]
    assert not lml.counters.calls["refresh"]
    assert rotation.rows()[0]["lml_error"] == 100


def test_no_data_is_a_failing_warning(rotation: RotationGraph) -> None:
    checks = verdicts(rotation.run_checks())
    for name in ("stale_handles_stay_rare", "refresh_errors_stay_rare"):
        assert not checks[name].passed
        assert checks[name].severity is dg.AssetCheckSeverity.WARN
        assert "No data" in (checks[name].description or "")


@pytest.mark.parametrize(
    ("not_found", "lml_error", "stale_is_rare", "error_is_rare"),
    [(1, 5, True, True), (2, 5, False, True), (1, 6, True, False)],
)
def test_the_last_day_is_judged(
    rotation: RotationGraph,
    not_found: int,
    lml_error: int,
    stale_is_rare: bool,
    error_is_rare: bool,
) -> None:
    rotation.backend_db.execute(
        "insert into rotation_refresh select 'earlier', now() - interval '23 hours', now(), null, "
        "20, 5, 5, 100, 100 - %s, 80, 200, %s, 0, %s, '{}'",
        lml_error,
        not_found,
        lml_error,
    )
    rotation.backend_db.execute(
        "insert into rotation_refresh select 'old', now() - interval '25 hours', now(), null, "
        "20, 5, 5, 1000, 0, 0, 0, 1000, 0, 1000, '{}'"
    )
    checks = verdicts(rotation.run_checks())
    assert checks["stale_handles_stay_rare"].passed is stale_is_rare
    assert checks["refresh_errors_stay_rare"].passed is error_is_rare
    assert checks["stale_handles_stay_rare"].severity is dg.AssetCheckSeverity.ERROR


def test_a_batch_above_the_cap_is_refused_before_the_first_call(
    rotation: RotationGraph, lml: PretendLml
) -> None:
    rotation.rotate(1)
    assert "less than or equal to 50" in failures(rotation.run(config={"batch_size": 51}))[0]
    assert not lml.counters.calls["refresh"]
    assert not rotation.rows()


def test_a_dry_run_counts_and_calls_nothing(rotation: RotationGraph, lml: PretendLml) -> None:
    rotation.rotate(*range(1, 43), 5, None)
    plan = asyncio.run(plan_refresh(rotation.resources["database"], batch_size=20))
    a_call = affordable_batch(20, settings.lml_rate_per_min)
    assert (plan.identities, plan.batches, plan.calls) == (42, ceil(42 / a_call), 0)
    assert not lml.counters.calls
