"""The pretend LML's counters and its control plane."""

import asyncio
from typing import Any

import httpx
import pytest

from wxyc_assets_tests.integration.sandbox.lml.clients import (
    AT_ONCE,
    LOOKUP,
    REFRESH,
    RESOLVE,
    batch,
    client,
    get,
    looked_up,
    post,
)
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.faults import Fault, Kind
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.virtual_time import run_virtually

WANTED = {"artist": "Cat Power", "album": "Moon Pix"}


async def gathered(lml: PretendLml, *calls: tuple[str, dict[str, Any]], **headers: str) -> None:
    async with client(lml) as http:
        await asyncio.gather(
            *(http.post(path, json=payload, headers=headers) for path, payload in calls)
        )


async def test_calls_rows_and_statuses_by_route() -> None:
    lml = PretendLml(AT_ONCE, [(7, "Cat Power", "Moon Pix"), (8, "Cat Power", "Moon Pix")])
    await post(lml, RESOLVE, batch(1, 2, 3))
    await post(lml, RESOLVE, batch())  # a probe, which is not counted
    await post(lml, RESOLVE, {"inputs": [{}]})
    await looked_up(lml, "Cat Power", "Moon Pix")
    await get(lml, "/health")
    counters = (await get(lml, "/sandbox/counters")).json()
    assert counters["calls"] == {"resolve": 2, "lookup": 1, "health": 1}
    assert counters["rows"] == {"resolve": 3, "lookup": 2, "health": 0}
    assert counters["statuses"]["resolve"] == {"200": 1, "422": 1}


async def test_how_often_each_row_was_answered() -> None:
    lml = PretendLml(AT_ONCE)
    await post(lml, RESOLVE, batch(1, 2))
    await post(lml, RESOLVE, batch(2, 3))
    assert lml.counters.answered == {1: 1, 2: 2, 3: 1}
    assert lml.counters.answered_more_than_once == 1
    assert (await get(lml, "/sandbox/answered")).json() == {"1": 1, "2": 2, "3": 1}
    assert (await get(lml, "/sandbox/counters")).json()["most_answers_of_a_row"] == 2


async def test_how_often_each_identity_was_answered() -> None:
    lml = PretendLml(AT_ONCE)
    await post(lml, REFRESH, {"identity_ids": [5, 6]})
    await post(lml, REFRESH, {"identity_ids": [6]})
    assert lml.counters.refreshed == {5: 1, 6: 2}
    assert lml.counters.answered == {}


@pytest.mark.parametrize(
    ("kind", "answered"),
    [
        ("status", {}),
        ("malformed", {}),
        ("results_missing", {}),
        ("results_null", {}),
        ("short", {1: 1}),
        ("duplicated", {1: 1}),
        ("foreign", {1: 1}),
        ("surplus", {1: 1, 2: 1}),
        ("reordered", {1: 1, 2: 1}),
    ],
)
async def test_only_requested_rows_that_came_back_count_as_answered(
    kind: Kind, answered: dict[int, int]
) -> None:
    lml = PretendLml(AT_ONCE, faults=[Fault(kind)])
    await post(lml, RESOLVE, batch(1, 2))
    assert lml.counters.answered == answered


async def test_a_broken_connection_counts_as_no_answer() -> None:
    lml = PretendLml(AT_ONCE, faults=[Fault("closed_body")])
    with pytest.raises(httpx.RemoteProtocolError):
        await post(lml, RESOLVE, batch(1))
    assert lml.counters.answered == {}


def test_the_most_calls_in_flight_over_all_routes() -> None:
    async def most() -> int:
        lml = PretendLml(LmlSettings())
        await gathered(lml, (RESOLVE, batch(1)), (LOOKUP, WANTED), (REFRESH, {"identity_ids": [1]}))
        await gathered(lml, (RESOLVE, batch(1)), (LOOKUP, WANTED))
        return lml.counters.most_in_flight

    assert run_virtually(most()) == 3


def test_service_time_is_summed_and_busy_time_is_not() -> None:
    async def two_at_a_time() -> PretendLml:
        lml = PretendLml(LmlSettings())
        await gathered(lml, (RESOLVE, batch(*range(500))), (RESOLVE, batch(*range(100))))
        await asyncio.sleep(10)
        await gathered(lml, (LOOKUP, WANTED))
        return lml

    lml = run_virtually(two_at_a_time())
    assert lml.counters.service_seconds == pytest.approx({"resolve": 0.7, "lookup": 0.01})
    assert lml.counters.busy_seconds == pytest.approx(0.56)


def test_waiting_for_admission_is_busy_time_but_not_service_time() -> None:
    async def crowd(route: str, payload: dict[str, Any], **headers: str) -> PretendLml:
        lml = PretendLml(LmlSettings(workers=1, bulk_admission=5, lookup_latency_seconds=0.05))
        await gathered(lml, *[(route, payload)] * 15, **headers)
        return lml

    resolving = run_virtually(crowd(RESOLVE, batch(*range(50))))
    assert resolving.counters.busy_seconds == pytest.approx(0.3)
    assert resolving.counters.service_seconds["resolve"] == pytest.approx(1.5)
    batch_lookups = run_virtually(crowd(LOOKUP, WANTED, **{"x-caller-class": "5"}))
    assert batch_lookups.counters.busy_seconds == pytest.approx(0.15)
    live_lookups = run_virtually(crowd(LOOKUP, WANTED))
    assert live_lookups.counters.busy_seconds == pytest.approx(0.05)


def test_discogs_requests_by_minute() -> None:
    async def counters() -> dict[str, Any]:
        lml = PretendLml(LmlSettings(workers=1))
        await asyncio.sleep(1000)
        await lml.discogs.request(40, 0)
        return (await get(lml, "/sandbox/counters")).json()

    found = run_virtually(counters())
    assert found["discogs_requests"] == 40
    assert found["discogs_requests_by_minute"] == {"0": 16, "1": 16, "2": 8}


async def test_counters_can_be_reset() -> None:
    lml = PretendLml(AT_ONCE)
    await post(lml, RESOLVE, batch(1))
    await get(lml, "/health")
    assert (await post(lml, "/sandbox/counters/reset", None)).status_code == 200
    counters = (await get(lml, "/sandbox/counters")).json()
    assert not any(counters.values())
    assert lml.counters.answered == {}


async def test_the_control_plane_requires_no_key_and_is_not_counted() -> None:
    lml = PretendLml(LmlSettings(api_key="sesame"))
    assert (await get(lml, "/sandbox/counters")).json()["calls"] == {}


async def put(lml: PretendLml, path: str, payload: Any) -> httpx.Response:
    async with client(lml) as http:
        return await http.put(path, json=payload)


async def test_settings_change_while_it_runs() -> None:
    lml = PretendLml(AT_ONCE)
    changes = {"breaker": "open", "commit_sha": "8a1344c", "generation": 3, "api_key": "sesame"}
    assert (await put(lml, "/sandbox/settings", changes)).status_code == 200
    health = (await get(lml, "/health")).json()
    assert (health["discogs_breaker_state"], health["commit_sha"]) == ("open", "8a1344c")
    assert lml.settings.generation == 3
    assert (await post(lml, RESOLVE, batch(1))).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [{"breaker": "ajar"}, {"colour": "red"}, {"tracks_contract_version": 2}, ["breaker"], 7],
)
async def test_bad_settings_are_refused(changes: Any) -> None:
    lml = PretendLml(AT_ONCE)
    assert (await put(lml, "/sandbox/settings", changes)).status_code == 422
    assert lml.settings == AT_ONCE


async def test_faults_are_switched_on_and_off_by_json() -> None:
    lml = PretendLml(AT_ONCE)
    fault = {"kind": "poison", "route": "resolve", "rows": [1, 2], "poison": "nan", "first": 3}
    assert (await put(lml, "/sandbox/faults", [fault])).status_code == 200
    rows = frozenset({1, 2})
    assert lml.faults == (Fault("poison", route="resolve", rows=rows, poison="nan", first=3),)
    assert (await put(lml, "/sandbox/faults", [])).status_code == 200
    assert lml.faults == ()


@pytest.mark.parametrize(
    "faults", [{}, [{}], ["status"], [{"kind": "bad luck"}], [{"kind": "short", "colour": "red"}]]
)
async def test_bad_faults_are_refused(faults: Any) -> None:
    lml = PretendLml(AT_ONCE)
    answer = await put(lml, "/sandbox/faults", faults)
    assert (answer.status_code, lml.faults) == (422, ())


async def test_other_paths_of_the_control_plane_are_404() -> None:
    assert (await get(PretendLml(AT_ONCE), "/sandbox/secrets")).status_code == 404
