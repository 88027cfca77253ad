"""Faults as seen by a plain httpx client without a network."""

import asyncio
import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from wxyc_assets_tests.integration.sandbox.lml.clients import (
    AT_ONCE,
    LOOKUP,
    REFRESH,
    RESOLVE,
    batch,
    get,
    looked_up,
    post,
    resolved,
    row,
)
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.faults import Fault, Kind, Poison
from wxyc_sandbox.virtual_time import run_virtually

NOON = datetime(2026, 7, 4, 12, tzinfo=UTC)
VARIOUS = [row(library_id, "Various Artists") for library_id in range(1, 31)]


async def statuses(lml: PretendLml, *batches: dict[str, Any]) -> list[int]:
    return [(await post(lml, RESOLVE, inputs)).status_code for inputs in batches]


async def ids(lml: PretendLml, *asked: int) -> list[int]:
    return [result["library_id"] for result in await resolved(lml, *map(row, asked))]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("status", every=2, status=502), [200, 502, 200, 502]),
        (Fault("status", calls=frozenset({1, 4})), [500, 200, 200, 500]),
        (Fault("status", first=2, status=503), [503, 503, 200, 200]),
        (Fault("status", route="lookup"), [200, 200, 200, 200]),
        (Fault("status", rows=frozenset({3}), status=422), [200, 200, 422, 200]),
        (Fault("status", rows=frozenset({3, 4}), first=1), [200, 200, 500, 200]),
    ],
)
async def test_a_fault_hits_by_call_or_by_row(fault: Fault, expected: list[int]) -> None:
    lml = PretendLml(AT_ONCE, faults=[fault])
    assert await statuses(lml, *(batch(library_id, 100) for library_id in range(1, 5))) == expected


async def test_a_poison_row_fails_every_batch_it_is_in() -> None:
    lml = PretendLml(
        AT_ONCE, faults=[Fault("status", rows=frozenset({3}), status=500, body="text")]
    )
    batches = batch(1, 2, 3, 4), batch(1, 2), batch(3, 4), batch(3), batch(4)
    assert await statuses(lml, *batches) == [500, 200, 500, 500, 200]


async def test_lookups_and_refreshes_have_rows_too() -> None:
    lml = PretendLml(AT_ONCE, [(7, "Cat Power", "Moon Pix")])
    lml.faults = [Fault("status", route="lookup", rows=frozenset({7}), status=502)]
    hit = await post(lml, LOOKUP, {"artist": "CAT POWER", "album": "Moon Pix"})
    missed = await post(lml, LOOKUP, {"artist": "Cat Power", "album": "You Are Free"})
    assert (hit.status_code, missed.status_code) == (502, 200)
    lml.faults = [Fault("status", route="refresh", rows=frozenset({7}), status=502)]
    assert (await post(lml, REFRESH, {"identity_ids": [6, 7]})).status_code == 502


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("json", "application/json", '{"message": "Pretend 502"}'),
        ("text", "text/plain; charset=utf-8", "Internal Server Error"),
        ("empty", "application/json", ""),
    ],
)
async def test_an_error_has_a_body_of_any_kind(body: Any, kind: str, text: str) -> None:
    lml = PretendLml(AT_ONCE, faults=[Fault("status", status=502, body=body)])
    answer = await post(lml, RESOLVE, batch(1))
    assert (answer.status_code, answer.headers["content-type"], answer.text) == (502, kind, text)


async def test_a_200_can_be_a_web_page() -> None:
    lml = PretendLml(AT_ONCE, faults=[Fault("status", status=200, body="html")])
    answer = await post(lml, RESOLVE, batch(1))
    assert (answer.status_code, answer.text[:15]) == (200, "<!doctype html>")


@pytest.mark.parametrize(
    ("as_date", "expected"), [(False, "90"), (True, "Sat, 04 Jul 2026 12:01:30 GMT")]
)
async def test_retry_after_is_seconds_or_a_date(as_date: bool, expected: str) -> None:
    fault = Fault("status", status=429, retry_after_seconds=90, retry_after_as_date=as_date)
    answer = await post(PretendLml(AT_ONCE, faults=[fault], clock=lambda: NOON), RESOLVE, batch(1))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, expected)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("short", [1, 2]),
        ("surplus", [1, 2, 3, 3]),
        ("duplicated", [1, 2, 2]),
        ("foreign", [1, 2, 10_000_003]),
        ("reordered", [3, 2, 1]),
    ],
)
async def test_results_can_be_the_wrong_ones(kind: Kind, expected: list[int]) -> None:
    assert await ids(PretendLml(AT_ONCE, faults=[Fault(kind)]), 1, 2, 3) == expected


async def test_the_wrong_result_can_be_chosen_by_row() -> None:
    lml = PretendLml(AT_ONCE, faults=[Fault("foreign", rows=frozenset({1, 2}))])
    assert await ids(lml, 1, 2, 3) == [10_000_001, 10_000_002, 3]
    lml.faults = [Fault("short", rows=frozenset({1, 2}))]
    assert await ids(lml, 1, 2, 3) == [3]


async def test_results_can_be_missing_or_null() -> None:
    lml = PretendLml(
        AT_ONCE, faults=[Fault("results_missing", first=1), Fault("results_null", every=2)]
    )
    missing, null = [(await post(lml, RESOLVE, batch(1))).json() for _ in range(2)]
    assert "results" not in missing
    assert null["results"] is None


async def test_json_can_be_malformed() -> None:
    answer = await post(PretendLml(AT_ONCE, faults=[Fault("malformed")]), RESOLVE, batch(1))
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


async def poisoned(poison: Poison) -> tuple[dict[str, Any], str]:
    """A single artist's result with the poison in it, and the answer as it was sent."""
    healthy = await resolved(PretendLml(AT_ONCE), *map(row, range(1, 10)))
    victim = next(result["library_id"] for result in healthy if result["kind"] == "single_artist")
    fault = Fault("poison", rows=frozenset({victim}), poison=poison)
    answer = await post(PretendLml(AT_ONCE, faults=[fault]), RESOLVE, batch(victim))
    return answer.json()["results"][0], answer.text


async def test_poison_in_the_texts_of_a_row() -> None:
    result, sent = await poisoned("nul")
    assert result["provenance"][0]["external_id"] == "Stereo\0lab"
    assert r"\u0000" in sent
    result, sent = await poisoned("surrogate")
    assert result["provenance"][0]["external_id"] == "Stereo\ud800lab"
    assert r"\ud800" in sent
    result, _ = await poisoned("long_text")
    assert len(result["provenance"][0]["external_id"]) > 2000
    result, _ = await poisoned("null_external_id")
    assert result["provenance"][0]["external_id"] is None


async def test_poison_in_the_confidences_of_a_row() -> None:
    result, _ = await poisoned("confidence_too_high")
    assert result["confidence"] == result["provenance"][0]["confidence"] == 1.7
    result, sent = await poisoned("nan")
    assert math.isnan(result["confidence"])
    assert '"confidence":NaN' in sent


async def test_poison_in_tracks() -> None:
    fault = Fault("poison", rows=frozenset(range(1, 31)), poison="nul")
    results = await resolved(PretendLml(AT_ONCE, faults=[fault]), *VARIOUS, include_tracks=True)
    tracks = [track for result in results for track in result["tracks"]]
    assert {track["resolved_artist_name"] for track in tracks} == {"Stereo\0lab"}


async def test_poison_in_artwork() -> None:
    catalogue = [(at, f"Artist {at}", "Album") for at in range(1, 9)]
    lml = PretendLml(AT_ONCE, catalogue, faults=[Fault("poison", poison="long_text")])
    answers = [await looked_up(lml, artist, album) for _, artist, album in catalogue]
    hits = [answer["results"][-1]["artwork"] for answer in answers if answer["results"]]
    assert all(len(hit["artwork_url"]) > 512 for hit in hits if hit)


async def test_poison_in_the_status_of_an_identity() -> None:
    lml = PretendLml(AT_ONCE)
    lml.faults = [
        Fault("poison", rows=frozenset({2}), poison="unknown_status"),
        Fault("poison", rows=frozenset({3}), poison="error_status", first=1),
    ]
    for third in ("error", "warmed"):
        answer = await post(lml, REFRESH, {"identity_ids": [1, 2, 3]})
        found = [result["status"] for result in answer.json()["results"]]
        assert found == ["warmed", "resting", third]


async def test_a_fault_leaves_later_answers_alone() -> None:
    healthy = await resolved(PretendLml(AT_ONCE), row(1), row(2))
    fault = Fault("poison", poison="nul", rows=frozenset({1, 2}), first=1)
    lml = PretendLml(AT_ONCE, faults=[fault])
    await resolved(lml, row(1), row(2))
    assert await resolved(lml, row(1), row(2)) == healthy


async def test_a_fault_can_open_the_breaker() -> None:
    lml = PretendLml(AT_ONCE, faults=[Fault("breaker", breaker="open", calls=frozenset({2}))])
    assert await statuses(lml, batch(1), batch(1)) == [200, 200]
    lml.faults = []
    assert (await get(lml, "/health")).json()["discogs_breaker_state"] == "open"


async def test_two_faults_can_hit_one_call() -> None:
    lml = PretendLml(AT_ONCE, faults=[Fault("reordered"), Fault("short")])
    assert await ids(lml, 1, 2, 3) == [3, 2]


async def test_a_fault_about_results_leaves_other_answers_alone() -> None:
    lml = PretendLml(AT_ONCE, faults=[Fault("results_missing"), Fault("short"), Fault("reordered")])
    assert (await get(lml, "/health")).status_code == 200
    assert "results" not in (await post(lml, RESOLVE, batch(1))).json()


@pytest.mark.parametrize("kind", ["closed_head", "closed_body"])
async def test_without_a_network_a_closed_connection_is_what_httpx_would_raise(kind: Kind) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await post(PretendLml(AT_ONCE, faults=[Fault(kind)]), RESOLVE, batch(1))


@pytest.mark.parametrize("kind", ["stalled_head", "stalled_body"])
def test_a_stall_lasts_until_the_client_gives_up(kind: Kind) -> None:
    async def give_up_after_30_seconds() -> float:
        lml = PretendLml(AT_ONCE, faults=[Fault(kind)])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await post(lml, RESOLVE, batch(1))
        assert lml.counters.in_flight == 0
        return lml.counters.busy_seconds

    assert run_virtually(give_up_after_30_seconds()) == 30


def test_a_stall_ends_after_its_duration() -> None:
    async def wait_for_the_end() -> float:
        lml = PretendLml(AT_ONCE, faults=[Fault("stalled_head", seconds=45)])
        with pytest.raises(httpx.ReadTimeout):
            await post(lml, RESOLVE, batch(1))
        return lml.counters.busy_seconds

    assert run_virtually(wait_for_the_end()) == 45


async def test_faults_precede_the_check_of_the_key() -> None:
    lml = PretendLml(replace(AT_ONCE, api_key="sesame"), faults=[Fault("status", status=502)])
    assert await statuses(lml, batch(1)) == [502]


def test_a_fault_without_its_details_is_rejected() -> None:
    with pytest.raises(ValueError, match="which poison"):
        Fault("poison")
