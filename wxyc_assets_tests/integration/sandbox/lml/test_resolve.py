"""POST /api/v1/identity/bulk-resolve-libraries"""

import json
import struct
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from wxyc_assets_tests.integration.sandbox.lml.clients import (
    AT_ONCE,
    RESOLVE,
    batch,
    client,
    post,
    resolved,
    row,
)
from wxyc_sandbox.credits import credits
from wxyc_sandbox.lml.app import PretendLml

METHODS = {
    *("manual", "cross_source_agreement", "exact_match", "name_variation"),
    *("member_group", "alias_match", "trigram", "llm"),
}
MAIN = {
    "discogs": "discogs_artist_id",
    "musicbrainz": "musicbrainz_artist_id",
    "wikidata": "wikidata_qid",
    "spotify": "spotify_artist_id",
    "apple_music": "apple_music_artist_id",
    "bandcamp": "bandcamp_id",
}
MANY = [row(library_id) for library_id in range(1, 1001)]
VARIOUS = [row(library_id, "Various Artists - Rock - S") for library_id in range(1, 101)]


async def singles(lml: PretendLml) -> list[dict[str, Any]]:
    return [result for result in await resolved(lml, *MANY) if result["kind"] == "single_artist"]


async def tracks(lml: PretendLml) -> list[dict[str, Any]]:
    results = await resolved(lml, *VARIOUS, include_tracks=True)
    return [track for result in results for track in result["tracks"]]


@pytest.mark.parametrize(("inputs", "status"), [(0, 422), (1, 200), (1000, 200), (1001, 413)])
async def test_a_batch_is_1_to_1000_inputs(inputs: int, status: int) -> None:
    answer = await post(PretendLml(AT_ONCE), RESOLVE, batch(*range(inputs)))
    assert answer.status_code == status


@pytest.mark.parametrize(
    "bad",
    [
        row(1) | {"library_id": "1"},
        row(1) | {"library_id": True},
        row(1) | {"artist_name": None},
        row(1) | {"album_title": None},
        row(1) | {"legacy_release_id": "7"},
        {"library_id": 1},
        None,
    ],
)
async def test_one_bad_input_is_422_for_the_whole_batch(bad: Any) -> None:
    answer = await post(PretendLml(AT_ONCE), RESOLVE, {"inputs": [row(1), bad, row(2)]})
    assert answer.status_code == 422
    assert set(answer.json()) == {"message", "code", "details"}


@pytest.mark.parametrize(("payload", "status"), [([], 400), ({}, 422), ({"inputs": {}}, 422)])
async def test_a_body_of_another_shape_is_refused(payload: Any, status: int) -> None:
    assert (await post(PretendLml(AT_ONCE), RESOLVE, payload)).status_code == status


async def test_a_missing_store_is_503() -> None:
    answer = await post(PretendLml(replace(AT_ONCE, database_up=False)), RESOLVE, batch(1))
    assert answer.status_code == 503


async def test_results_come_in_input_order() -> None:
    results = await resolved(PretendLml(AT_ONCE), row(3), row(1), row(2))
    assert [result["library_id"] for result in results] == [3, 1, 2]


async def test_about_77_percent_are_single_artists() -> None:
    kinds = Counter(result["kind"] for result in await resolved(PretendLml(AT_ONCE), *MANY))
    assert set(kinds) == {"single_artist", "unresolved"}
    assert 720 < kinds["single_artist"] < 820


async def test_an_unresolved_row_has_no_identity() -> None:
    results = await resolved(PretendLml(AT_ONCE), *MANY)
    unresolved = next(result for result in results if result["kind"] == "unresolved")
    assert [unresolved[key] for key in ("main", "method", "confidence")] == [None] * 3
    assert unresolved["provenance"] == []


async def test_main_agrees_with_the_provenance() -> None:
    for single in await singles(PretendLml(AT_ONCE)):
        entries = {entry["source"]: entry["external_id"] for entry in single["provenance"]}
        assert 1 <= len(entries) == len(single["provenance"]) <= 6
        assert set(single["main"]) == set(MAIN.values())
        for source, key in MAIN.items():
            value = single["main"][key]
            assert (None if value is None else str(value)) == entries.get(source)


async def test_discogs_ids_are_numbers_and_the_others_texts() -> None:
    mains = [single["main"] for single in await singles(PretendLml(AT_ONCE))]
    for key in MAIN.values():
        kinds = {type(main[key]) for main in mains}
        assert kinds == {int if key == "discogs_artist_id" else str, type(None)}


async def test_methods_and_confidences_are_those_of_the_contract() -> None:
    for single in await singles(PretendLml(AT_ONCE)):
        for verdict in (single, *single["provenance"]):
            assert verdict["method"] in METHODS
            confidence = verdict["confidence"]
            assert confidence is None or 0 <= confidence <= 1
            assert confidence is None or struct.unpack("f", struct.pack("f", confidence)) == (
                confidence,
            )
        assert single["confidence"] is not None


async def test_some_entries_cannot_be_written() -> None:
    entries = [
        entry for single in await singles(PretendLml(AT_ONCE)) for entry in single["provenance"]
    ]
    assert any(entry["confidence"] is None for entry in entries)
    nameless = [entry for entry in entries if entry["external_id"] is None]
    assert nameless
    assert all(entry["confidence"] is not None for entry in nameless)


async def test_rows_of_one_artist_agree() -> None:
    ways = ("Hermanos Gutiérrez", "HERMANOS  GUTIERREZ", "hermanos gutiérrez")
    results = await resolved(PretendLml(AT_ONCE), *(row(at, name) for at, name in enumerate(ways)))
    facts = [{**result, "library_id": None} for result in results]
    assert facts[0] == facts[1] == facts[2]


async def test_the_seed_alone_decides() -> None:
    first, again = (
        await resolved(PretendLml(AT_ONCE), *MANY),
        await resolved(PretendLml(AT_ONCE), *MANY),
    )
    other = await resolved(PretendLml(replace(AT_ONCE, seed=2)), *MANY)
    assert first == again != other


async def test_a_later_generation_resolves_a_few_artists_differently() -> None:
    lml = PretendLml(AT_ONCE)
    before = await resolved(lml, *MANY)
    lml.configure(generation=1)
    after = await resolved(lml, *MANY)
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert 25 < len(changed) < 80
    moves = {(old["kind"], new["kind"]) for old, new in changed}
    assert moves >= {("unresolved", "single_artist"), ("single_artist", "single_artist")}


@pytest.mark.parametrize("name", ["Various Artists", "various artists - Blues", "VARIOUS ARTISTS"])
async def test_a_compilation_is_known_by_its_artist_name(name: str) -> None:
    [result] = await resolved(PretendLml(AT_ONCE), row(1, name))
    assert result["kind"] == "compilation"
    assert [result[key] for key in ("main", "method", "confidence")] == [None] * 3
    assert result["provenance"] == []


async def test_tracks_are_null_unless_asked_for() -> None:
    [result] = await resolved(PretendLml(AT_ONCE), VARIOUS[0])
    assert result["tracks_attempted"] is None
    assert result["tracks"] is None


async def test_only_contract_version_1_has_tracks() -> None:
    lml = PretendLml(replace(AT_ONCE, tracks_contract_version=None))
    answer = (await post(lml, RESOLVE, {"inputs": VARIOUS, "include_tracks": True})).json()
    assert answer["tracks_contract_version"] is None
    assert not any(result["tracks"] for result in answer["results"])


async def test_tracks_echo_the_credits() -> None:
    for result in await resolved(PretendLml(AT_ONCE), *VARIOUS, include_tracks=True):
        known = {
            (credit.artist_name, credit.track_title)
            for credit in credits(result["library_id"], AT_ONCE.seed)
        }
        asked = {(track["artist_name"], track["track_title"]) for track in result["tracks"]}
        assert asked in (known, set())


async def test_about_70_percent_of_the_tracks_have_an_artist() -> None:
    found = await tracks(PretendLml(AT_ONCE))
    somebody = [track for track in found if track["resolved_artist_name"] is not None]
    assert 0.6 < len(somebody) / len(found) < 0.8
    assert any(track["confidence"] is None for track in somebody)
    assert any(track["resolved_artist_name"] != track["artist_name"] for track in somebody)
    nobody = next(track for track in found if track["resolved_artist_name"] is None)
    assert (nobody["confidence"], nobody["method"], nobody["sources"]) == (None, None, [])


async def test_tracks_have_the_awkward_cases() -> None:
    found = await tracks(PretendLml(AT_ONCE))
    assert any(len(track["track_position"] or "") > 20 for track in found)
    assert any(track["track_position"] is None for track in found)


async def test_a_track_can_be_answered_twice_with_different_results() -> None:
    results = await resolved(PretendLml(AT_ONCE), *VARIOUS, include_tracks=True)
    answers: dict[tuple[Any, ...], set[Any]] = {}
    for result in results:
        for track in result["tracks"]:
            key = (result["library_id"], track["artist_name"], track["track_title"])
            answers.setdefault(key, set()).add(track["resolved_artist_name"])
    assert any(len(names) > 1 for names in answers.values())


async def test_attempted_and_filled_are_independent() -> None:
    results = await resolved(PretendLml(AT_ONCE), *VARIOUS, include_tracks=True)
    cases = Counter((result["tracks_attempted"], bool(result["tracks"])) for result in results)
    assert set(cases) == {(True, True), (False, True), (False, False)}
    assert cases[True, True] > 80


async def test_cache_stats_are_numbers_some_nested_some_missing() -> None:
    answer = (await post(PretendLml(AT_ONCE), RESOLVE, batch(1, 2))).json()
    kinds = {type(value) for value in answer["cache_stats"].values()}
    assert {int, float, dict, type(None)} == kinds


async def test_a_test_can_override_an_answer() -> None:
    def answers(asked: dict[str, Any]) -> dict[str, Any] | None:
        return {"library_id": 2, "kind": "mystery"} if asked["library_id"] == 2 else None

    results = await resolved(PretendLml(AT_ONCE, answers=answers), row(1), row(2))
    assert results[0]["kind"] in ("single_artist", "unresolved")
    assert results[1] == {"library_id": 2, "kind": "mystery"}


async def test_names_of_any_characters_are_answered() -> None:
    names = ("", "\ud800", "\x00", "Σtella", "نور", "🎷" * 300)
    inputs = [row(at, name) for at, name in enumerate(names)]
    async with client(PretendLml(AT_ONCE)) as http:
        answer = await http.post(RESOLVE, content=json.dumps({"inputs": inputs}))
    assert len(answer.json()["results"]) == len(names)
