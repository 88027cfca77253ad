"""Bad input and bad surroundings: a clear message, before anything is touched."""

from typing import Any

import dagster as dg
import pytest

from wxyc_assets.defs.jobs import all_ranges
from wxyc_assets.defs.library_identity import (
    LIBRARY_IDENTITY,
)
from wxyc_assets_tests.integration.defs.identity_graph.graph import (
    CANDIDATES,
    KEYS,
    IdentityGraph,
    in_ranges,
    one,
    span,
    why,
)
from wxyc_sandbox.lml.faults import Fault

TOO_MUCH: list[tuple[str, dict[str, Any]]] = [
    ("pages", {"batch_size": 1001}),
    ("pages", {"va_batch_size": 0}),
    ("scope", {"stale_days": 0}),
    ("scope", {"retry_days": 1e300}),
]
WRONG_KIND: list[tuple[str, dict[str, Any]]] = [
    ("pages", {"batch_size": "many"}),
    ("scope", {"include_null_canonical": "maybe"}),
    ("scope", {"include_everything": True}),
]


def nothing_is_touched(station: IdentityGraph) -> bool:
    candidates = station.backend_db.value("select count(*) from library_candidate")
    return not candidates and not station.materialized(CANDIDATES)


def test_a_wrong_key_is_noticed_before_anything_is_touched(station: IdentityGraph) -> None:
    station.pretend.configure(api_key="sesame")
    station.api_key = "hunter2"
    result = station.run(all_ranges)
    assert not result.success
    assert "LML_API_KEY is wrong, rotated or revoked" in why(result)
    assert "hunter2" not in str([event.message for event in result.all_events])
    assert nothing_is_touched(station)


@pytest.mark.parametrize("path", ["/elsewhere", "/health"])
def test_an_address_that_is_not_lmls_is_noticed_before_anything_is_touched(
    station: IdentityGraph, path: str
) -> None:
    station.lml_url += path
    result = station.run(all_ranges)
    assert not result.success
    assert "HTTP 404" in why(result)
    assert "Is LIBRARY_METADATA_URL the address of LML?" in why(result)
    assert nothing_is_touched(station)


def test_an_lml_that_is_not_there_is_noticed_before_anything_is_touched(
    station: IdentityGraph,
) -> None:
    station.lml_url = "http://lml.invalid"
    result = station.run(all_ranges)
    assert not result.success
    assert "LML cannot be reached at http://lml.invalid" in why(result)
    assert nothing_is_touched(station)


def test_an_lml_that_is_ill_for_a_moment_stops_nothing(station: IdentityGraph) -> None:
    station.pretend.configure(database_up=False)
    result = station.run(one(KEYS[2]))
    assert "1 range is open" in why(result)
    assert station.materialized(CANDIDATES) == {KEYS[2]}


def test_a_key_that_is_revoked_in_the_middle_stops_the_run(station: IdentityGraph) -> None:
    station.pretend.faults = [Fault("status", status=403, every=1)]
    result = station.run(all_ranges)
    assert not result.success
    assert station.pretend.counters.calls["resolve"] <= 2
    assert "LML stopped us" in why(result)
    assert "LML_API_KEY is wrong, rotated or revoked" in why(result)
    assert station.materialized(LIBRARY_IDENTITY).isdisjoint(
        {key for key in KEYS if in_ranges([key])}
    )
    assert "not begun" in why(result)


@pytest.mark.parametrize("selected", [None, [CANDIDATES], [LIBRARY_IDENTITY]], ids=str)
def test_a_reversed_range_of_ranges_is_refused(
    station: IdentityGraph, selected: list[dg.AssetKey] | None
) -> None:
    result = station.run(span(KEYS[5], KEYS[2]), asset_selection=selected)
    assert not result.success
    assert f"it begins at {KEYS[5]}, after its end at {KEYS[2]}" in why(result)
    assert station.pretend.counters.calls == {}
    assert nothing_is_touched(station)


def test_a_database_without_our_tables_names_the_command(station: IdentityGraph) -> None:
    station.backend_db.execute("drop schema wxyc_assets cascade")
    result = station.run(one(KEYS[0]))
    assert not result.success
    assert "Run `wxyc-assets migrate`" in why(result)
    assert station.pretend.counters.calls == {}


@pytest.mark.parametrize("key", ["0000001-0001000", "7", "nowhere"])
def test_an_unknown_range_fails_before_lml_is_asked_and_is_named(
    station: IdentityGraph, key: str
) -> None:
    before = station.backend_db.versions()
    result = station.run(one(key))
    assert not result.success
    assert f"No such range: '{key}'. The first is {KEYS[0]}" in why(result)
    assert station.pretend.counters.calls == {}
    assert station.backend_db.versions() == before


def test_a_run_without_a_range_is_told_how_to_get_one(station: IdentityGraph) -> None:
    result = station.run({})
    assert not result.success
    assert "This run has no range: choose partitions in the UI, or tag it" in why(result)
    assert station.pretend.counters.calls == {}


def test_an_unknown_end_of_a_range_is_refused(station: IdentityGraph) -> None:
    with pytest.raises(dg.DagsterError, match="nowhere"):
        station.run(span(KEYS[0], "nowhere"))
    assert station.pretend.counters.calls == {}


@pytest.mark.parametrize(("name", "config"), TOO_MUCH, ids=str)
def test_a_value_out_of_bounds_in_the_launchpad_fails_the_run_before_anything_is_touched(
    station: IdentityGraph, name: str, config: dict[str, Any]
) -> None:
    before = station.backend_db.versions()
    result = station.run(one(KEYS[2]), run_config={"resources": {name: {"config": config}}})
    assert not result.success
    assert station.pretend.counters.calls == {}
    assert station.backend_db.versions() == before


@pytest.mark.parametrize(("name", "config"), WRONG_KIND, ids=str)
def test_a_value_of_the_wrong_kind_in_the_launchpad_starts_no_run(
    station: IdentityGraph, name: str, config: dict[str, Any]
) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match=next(iter(config))):
        station.run(one(KEYS[2]), run_config={"resources": {name: {"config": config}}})
    assert station.pretend.counters.calls == {}
