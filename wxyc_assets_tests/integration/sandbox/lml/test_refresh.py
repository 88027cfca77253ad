"""POST /api/v1/cache/refresh-for-identities, and the rate of Discogs behind it."""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE, REFRESH, client, post
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.virtual_time import run_virtually


async def refreshed(lml: PretendLml, identity_ids: range) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for first in range(0, len(identity_ids), 50):
        ids = list(identity_ids[first : first + 50])
        answer = await post(lml, REFRESH, {"identity_ids": ids})
        assert answer.status_code == 200
        found += answer.json()["results"]
    return found


@pytest.mark.parametrize(("number", "status"), [(0, 422), (1, 200), (50, 200), (51, 400)])
async def test_a_call_takes_1_to_50_identities(number: int, status: int) -> None:
    answer = await post(PretendLml(AT_ONCE), REFRESH, {"identity_ids": list(range(number))})
    assert answer.status_code == status


@pytest.mark.parametrize("payload", [{}, [], {"identity_ids": ["1"]}, {"identity_ids": None}])
async def test_a_request_of_another_shape_is_422(payload: Any) -> None:
    assert (await post(PretendLml(AT_ONCE), REFRESH, payload)).status_code == 422


async def test_empty_is_422_before_a_missing_store_is_503() -> None:
    lml = PretendLml(replace(AT_ONCE, database_up=False))
    assert (await post(lml, REFRESH, {"identity_ids": []})).status_code == 422
    assert (await post(lml, REFRESH, {"identity_ids": [1]})).status_code == 503


async def test_an_older_lml_does_not_have_the_route() -> None:
    lml = PretendLml(replace(AT_ONCE, refresh_exists=False))
    assert (await post(lml, REFRESH, {"identity_ids": []})).status_code == 404


async def test_statuses_and_their_sources() -> None:
    results = await refreshed(PretendLml(AT_ONCE), range(1, 1001))
    assert [result["identity_id"] for result in results] == list(range(1, 1001))
    statuses = Counter(result["status"] for result in results)
    assert set(statuses) == {"warmed", "not_found", "not_implemented", "error"}
    assert statuses["warmed"] > 900
    for result in results:
        sources = (result["sources"] or {}).values()
        outcomes = {source["release_outcome"] for source in sources}
        assert ("success" in outcomes) == (result["status"] == "warmed")
        assert (outcomes == {"error"}) == (result["status"] == "error")


async def test_artists_are_counted_one_by_one() -> None:
    results = await refreshed(PretendLml(AT_ONCE), range(1, 201))
    sources = [result["sources"]["discogs"] for result in results if result["status"] == "warmed"]
    artists = [artist for source in sources for artist in source["artists"]]
    assert {artist["outcome"] for artist in artists} == {"success", "error"}
    assert 2.5 < len(artists) / len(sources) < 3.5
    assert {frozenset(artist) for artist in artists} == {
        frozenset({"external_id", "outcome", "message"})
    }


async def test_the_identity_alone_decides() -> None:
    first = await refreshed(PretendLml(AT_ONCE), range(1, 101))
    assert first == await refreshed(PretendLml(AT_ONCE), range(1, 101))


async def test_a_warm_identity_costs_nothing() -> None:
    lml = PretendLml(AT_ONCE)
    await refreshed(lml, range(1, 51))
    cold = lml.discogs.requests
    await refreshed(lml, range(1, 51))
    failures = lml.discogs.requests - cold
    assert 150 < cold < 250
    assert failures < 5
    warm = PretendLml(replace(AT_ONCE, warm_share=1.0))
    await refreshed(warm, range(1, 51))
    assert warm.discogs.requests == 0


async def test_half_the_identities_can_be_warm() -> None:
    lml = PretendLml(replace(AT_ONCE, warm_share=0.5))
    await refreshed(lml, range(1, 501))
    assert 800 < lml.discogs.requests < 1200


async def test_with_an_open_breaker_cold_identities_fail_and_cost_nothing() -> None:
    lml = PretendLml(replace(AT_ONCE, breaker="open"))
    statuses = Counter(result["status"] for result in await refreshed(lml, range(1, 101)))
    assert statuses["error"] > 80
    assert lml.discogs.requests == 0


def test_a_cold_batch_takes_its_share_of_the_rate() -> None:
    async def minutes(rate: float) -> float:
        lml = PretendLml(LmlSettings(discogs_per_worker_per_minute=rate, edge_timeout_seconds=3600))
        await refreshed(lml, range(1, 51))
        return lml.counters.busy_seconds / 60

    assert run_virtually(minutes(50)) == pytest.approx(4, abs=0.5)
    assert run_virtually(minutes(16)) == pytest.approx(12, abs=1.5)


def test_the_edge_closes_after_five_minutes_and_what_was_fetched_stays_warm() -> None:
    async def twice() -> tuple[list[int], float]:
        lml = PretendLml(LmlSettings(workers=1))
        body = {"identity_ids": list(range(1, 51))}
        statuses = [(await post(lml, REFRESH, body)).status_code for _ in range(3)]
        return statuses, lml.counters.busy_seconds

    statuses, busy_seconds = run_virtually(twice())
    assert statuses == [504, 504, 200]
    assert busy_seconds > 600


def test_three_workers_stay_within_fifty_a_minute() -> None:
    async def rehearsal() -> dict[int, int]:
        lml = PretendLml(LmlSettings())
        async with client(lml) as http:
            batches = [{"identity_ids": list(range(at, at + 10))} for at in range(1, 91, 10)]
            await asyncio.gather(*(http.post(REFRESH, json=body) for body in batches))
        return dict(lml.discogs.requests_by_minute)

    by_minute = run_virtually(rehearsal())
    assert by_minute == dict.fromkeys(range(5), 48)


def test_other_callers_share_the_rate() -> None:
    async def beside_another() -> float:
        lml = PretendLml(LmlSettings(workers=1))
        other = asyncio.create_task(lml.discogs.request(60, 0))
        await post(lml, REFRESH, {"identity_ids": [1, 2, 3, 4]})
        other.cancel()
        return lml.counters.busy_seconds

    async def alone() -> float:
        lml = PretendLml(LmlSettings(workers=1))
        await post(lml, REFRESH, {"identity_ids": [1, 2, 3, 4]})
        return lml.counters.busy_seconds

    assert run_virtually(beside_another()) > 1.8 * run_virtually(alone())


def test_a_burst_is_allowed_to_a_rested_worker() -> None:
    async def seconds() -> float:
        lml = PretendLml(LmlSettings(discogs_burst=16))
        began = asyncio.get_running_loop().time()
        await lml.discogs.request(17, 0)
        return asyncio.get_running_loop().time() - began

    assert run_virtually(seconds()) == pytest.approx(60 / 16)
