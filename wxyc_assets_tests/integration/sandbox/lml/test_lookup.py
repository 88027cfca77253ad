"""POST /api/v1/lookup and POST /api/v1/lookup/bulk"""

import re
from base64 import urlsafe_b64decode
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from wxyc_assets_tests.integration.sandbox.lml.clients import (
    AT_ONCE,
    LOOKUP,
    LOOKUP_BULK,
    looked_up,
    post,
)
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.seeded_random import fold
from wxyc_sandbox.virtual_time import run_virtually

CATALOGUE = [(number, f"Artist {number}", f"Album {number}") for number in range(1, 1501)]
SEARCH_TYPES = {"direct", "fallback", "alternative", "compilation", "song_as_artist", "none"}
FORMATS = [(7, "Cat Power", "Moon Pix"), (8, "Cat Power", "Moon Pix")]


def api_calls(answer: dict[str, Any]) -> int:
    return answer["cache_stats"]["api_calls"]


async def look_up_all(lml: PretendLml) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for first in range(0, len(CATALOGUE), 100):
        some = CATALOGUE[first : first + 100]
        items = [{"artist": artist, "album": album} for _, artist, album in some]
        results = (await post(lml, LOOKUP_BULK, {"items": items})).json()["results"]
        found |= {some[result["index"]][0]: result["lookup"] for result in results}
    return found


def image(url: str) -> str:
    """Return the image address that a Discogs URL encodes."""
    encoded = url.partition("/w:600/")[2].removesuffix(".jpeg").replace("/", "")
    return urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()


def bare(name: str) -> str:
    return re.sub(r" \(\d+\)$", "", fold(name))


def first_flaw(answer: dict[str, Any], number: int) -> str | None:
    """Return the first rule of docs/contracts/lml.md that the answer breaks, or None."""
    if answer["timeout"] or answer["degraded"]:
        return "unknown"
    if answer["search_type"] != "direct":
        return answer["search_type"]
    found = [hit for hit in answer["results"] if hit["library_item"]["id"] == number]
    if len(found) != 1:
        return f"{len(found)} results"
    return picture_flaw(found[0]["artwork"], number)


def picture_flaw(artwork: dict[str, Any] | None, number: int) -> str | None:
    if artwork is None or artwork["artwork_url"] is None:
        return "no artwork"
    if artwork["release_id"] == 0:
        return "streaming only"
    if artwork["confidence"] < 0.8 - 1e-6:
        return "confidence"
    if bare(artwork["artist"]) != f"artist {number}":
        return "artist"
    if not fold(artwork["album"]).startswith(f"album {number}"):
        return "album"
    return url_flaw(artwork["artwork_url"])


def url_flaw(url: str) -> str | None:
    if not url.startswith("https://"):
        return "insecure"
    if "spacer.gif" in url:
        return "spacer"
    if len(url) > 512:
        return "long"
    kind = image(url).removeprefix("s3://discogs-database-images/")[:2]
    return None if kind == "R-" else kind


async def test_about_60_percent_are_single_good_matches_and_every_flaw_occurs() -> None:
    answers = await look_up_all(PretendLml(AT_ONCE, CATALOGUE))
    flaws = Counter(first_flaw(answer, number) for number, answer in answers.items())
    assert 0.55 < flaws[None] / len(CATALOGUE) < 0.7
    assert set(flaws) >= {
        *("unknown", "fallback", "none", "0 results", "2 results", "no artwork", "streaming only"),
        *("confidence", "artist", "album", "insecure", "spacer", "long", "A-", "L-"),
    }


async def test_every_search_type_occurs_and_at_most_five_results() -> None:
    answers = (await look_up_all(PretendLml(AT_ONCE, CATALOGUE))).values()
    assert {answer["search_type"] for answer in answers} == SEARCH_TYPES
    assert max(len(answer["results"]) for answer in answers) <= 5
    assert {answer["degraded_reason"] for answer in answers if answer["degraded"]} != {None}


async def test_confidences_are_those_of_the_contract() -> None:
    answers = (await look_up_all(PretendLml(AT_ONCE, CATALOGUE))).values()
    hits = [hit["artwork"] for answer in answers for hit in answer["results"] if hit["artwork"]]
    confidences = {hit["confidence"] for hit in hits}
    assert confidences == {0.2, 0.3, 0.4, 0.8, 0.8999999999999999, 1.0}


async def test_a_streaming_only_sentinel_has_no_release_but_a_cover() -> None:
    answers = (await look_up_all(PretendLml(AT_ONCE, CATALOGUE))).values()
    hits = [hit["artwork"] for answer in answers for hit in answer["results"] if hit["artwork"]]
    sentinels = [hit for hit in hits if hit["release_id"] == 0]
    assert sentinels
    assert all(hit["release_url"] == "" and hit["artwork_url"] for hit in sentinels)


async def test_the_answer_follows_from_artist_and_album() -> None:
    lml = PretendLml(AT_ONCE, CATALOGUE)
    assert await look_up_all(lml) == await look_up_all(PretendLml(AT_ONCE, CATALOGUE))
    again = await looked_up(lml, "ARTIST 5", "album  5")
    assert again == await looked_up(lml, "Artist 5", "Album 5")


async def test_every_format_is_a_result_with_its_own_id() -> None:
    formats: list[list[int]] = []
    for seed in range(20):
        lml = PretendLml(replace(AT_ONCE, seed=seed), FORMATS)
        answer = await looked_up(lml, "Cat Power", "Moon Pix")
        formats.append([hit["library_item"]["id"] for hit in answer["results"]])
    assert [7, 8] in formats
    assert [8, 7] in formats


async def test_an_album_outside_the_catalogue_has_id_0_or_no_result() -> None:
    lml = PretendLml(AT_ONCE, [(1_000_001, "Artist 1", "Album 1")])
    answers = [await looked_up(lml, f"Artist {at}", f"Album {at}") for at in range(1, 30)]
    ids = {hit["library_item"]["id"] for answer in answers for hit in answer["results"]}
    assert ids == {0}
    assert not all(answer["results"] for answer in answers)


@pytest.mark.parametrize("payload", [[], {"artist": 7}, {"album": ["x"]}, {"extended": "yes"}])
async def test_a_request_of_another_shape_is_422(payload: Any) -> None:
    assert (await post(PretendLml(AT_ONCE), LOOKUP, payload)).status_code == 422


@pytest.mark.parametrize("payload", [{}, {"raw_message": "hello", "extended": None}])
async def test_everything_in_a_request_is_optional(payload: Any) -> None:
    answer = await post(PretendLml(AT_ONCE), LOOKUP, payload)
    assert (answer.status_code, answer.json()["search_type"]) == (200, "none")


async def test_one_lookup_in_twenty_costs_about_five_discogs_requests_and_is_cached() -> None:
    lml = PretendLml(AT_ONCE, CATALOGUE)
    costs = [cost for each in (await look_up_all(lml)).values() if (cost := api_calls(each))]
    assert 50 < len(costs) < 105
    assert 4 < sum(costs) / len(costs) < 6
    assert lml.discogs.requests == sum(costs)
    assert not any(map(api_calls, (await look_up_all(lml)).values()))
    assert lml.discogs.requests == sum(costs)


async def test_without_its_breaker_closed_live_lookups_find_nothing() -> None:
    lml = PretendLml(replace(AT_ONCE, breaker="half-open"), CATALOGUE)
    answers = await look_up_all(lml)
    healthy = await look_up_all(PretendLml(AT_ONCE, CATALOGUE))
    lost = [number for number in answers if answers[number] != healthy[number]]
    assert 50 < len(lost) < 105
    assert not any(answers[number]["results"] for number in lost)
    assert not any(answers[number]["timeout"] for number in lost)
    assert lml.discogs.requests == 0


def test_a_lookup_that_waits_too_long_for_discogs_times_out() -> None:
    healthy, slow = (
        PretendLml(AT_ONCE, CATALOGUE),
        PretendLml(replace(AT_ONCE, lookup_cap_seconds=25.0), CATALOGUE),
    )
    slow.configure(discogs_per_worker_per_minute=0.001)

    async def lost() -> list[dict[str, Any]]:
        expected, answers = await look_up_all(healthy), await look_up_all(slow)
        return [answer for number, answer in answers.items() if answer != expected[number]]

    timed_out = run_virtually(lost())
    assert all(answer["timeout"] and not answer["results"] for answer in timed_out)
    assert slow.discogs.requests == 3
    assert slow.counters.busy_seconds == pytest.approx(25 * len(timed_out))


def test_a_caller_budget_turns_slow_answers_into_empty_ones() -> None:
    async def hurried(budget: str) -> tuple[float, dict[str, Any]]:
        lml = PretendLml(replace(AT_ONCE, lookup_latency_seconds=6.0), CATALOGUE)
        headers = {"x-caller-budget-ms": budget}
        answer = await post(lml, LOOKUP, {"artist": "Artist 2", "album": "Album 2"}, **headers)
        return lml.counters.busy_seconds, answer.json()

    assert run_virtually(hurried("1500")) == (1.5, run_virtually(hurried("60000"))[1])
    assert run_virtually(hurried("60000"))[0] == 4.0
    assert run_virtually(hurried("60000"))[1]["timeout"] is True


@pytest.mark.parametrize(("items", "status"), [(0, 422), (1, 200), (100, 200), (101, 400)])
async def test_a_bulk_lookup_is_1_to_100_items(items: int, status: int) -> None:
    answer = await post(PretendLml(AT_ONCE), LOOKUP_BULK, {"items": [{"artist": "x"}] * items})
    assert answer.status_code == status


async def test_a_bulk_lookup_answers_by_index_as_a_lookup_would() -> None:
    lml = PretendLml(AT_ONCE, CATALOGUE)
    items = [{"artist": artist, "album": album} for _, artist, album in CATALOGUE[:50]]
    results = (await post(lml, LOOKUP_BULK, {"items": items})).json()["results"]
    assert [result["index"] for result in results] == list(range(50))
    for item, result in zip(items, results, strict=True):
        again = await looked_up(lml, item["artist"], item["album"])
        assert result["lookup"] | {"cache_stats": again["cache_stats"]} == again
        assert result["status"] == ("match" if result["lookup"]["results"] else "no_match")
