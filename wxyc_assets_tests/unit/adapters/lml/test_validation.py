"""Bulk-resolve answers, compared with LML's contract."""

import json
import math
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wxyc_assets.adapters.lml.bulk_resolve import Answers, read_answers
from wxyc_assets.adapters.lml.validation import validate
from wxyc_assets.adapters.lml.wire import NotAnAnswer
from wxyc_assets_tests.support.answers import Json, compilation, entry, single, track, unresolved
from wxyc_sandbox.lml.catalogue import Catalogue
from wxyc_sandbox.lml.identities import identify
from wxyc_sandbox.lml.mistakes import Mistakes

MBID = "c04e6d2a-6d9b-4f1c-8a2e-0f6f5b1e7d21"
SPOTIFY = "4Z8W4fKeB5YxbusRsdQVPb"
SOURCES = (
    entry("discogs", "388"),
    entry("musicbrainz", MBID),
    entry("wikidata", "Q483718"),
    entry("spotify", SPOTIFY),
    entry("apple_music", "130742"),
    entry("bandcamp", "stereolab"),
)


def stereolab(library_id: int = 1, **changes: Any) -> Json:
    return single(library_id, *deepcopy(SOURCES), **changes)


def validated(*results: Json) -> Answers:
    body = json.dumps({"tracks_contract_version": 1, "results": results}).encode()
    asked = [result["library_id"] for result in results]
    return validate(read_answers(body, asked))


def with_source(changes: Json, at: int = 0) -> Json:
    provenance = [dict(each) for each in SOURCES]
    provenance[at] |= changes
    return stereolab(provenance=provenance)


def test_what_keeps_the_contract_is_believed_word_for_word() -> None:
    told = [stereolab(), unresolved(2), compilation(3, track("Tricky", None, "Tricky"))]
    answers = validated(*told)
    assert [each.words for each in answers.answered] == told
    assert (answers.invalid, answers.unwritable, answers.unknown_terms) == ({}, {}, {})


@pytest.mark.parametrize("seed", range(3))
def test_the_pretend_lml_keeps_the_contract(seed: int) -> None:
    mistakes = Mistakes(seed, 1.0, Catalogue([]))
    told = [
        single(number) | found
        for number in range(1, 2_000)
        if (found := identify(f"artist {number}", mistakes, generation=0))
    ]
    answers = validated(*told)
    assert len(answers.answered) == len(told) > 1_000
    assert not answers.unknown_terms


@pytest.mark.parametrize("confidence", [0, 1, 0.5, 0.8999999761581421])
def test_a_confidence_is_a_number_from_0_to_1(confidence: Any) -> None:
    assert not validated(stereolab(confidence=confidence)).invalid


@pytest.mark.parametrize(
    "confidence", [1.5, -0.1, "0.5", "high", True, None, [1], {}, math.nan, math.inf, 1e999]
)
def test_any_other_confidence_is_invalid(confidence: Any) -> None:
    assert "confidence is" in validated(stereolab(confidence=confidence)).invalid[1]


@pytest.mark.parametrize("confidence", [1.5, -0.1, "0.5", True, [1], {}])
def test_a_sources_confidence_is_a_number_from_0_to_1(confidence: Any) -> None:
    reason = validated(with_source({"confidence": confidence})).invalid[1]
    assert reason.startswith("provenance[0].confidence is")


BAD_IDS: Sequence[tuple[int, Any]] = [
    (0, "0"),
    (0, "-1"),
    (0, "a388"),
    (0, "388 "),
    (0, 3.88),
    (0, "٣"),
    (1, "Stereolab"),
    (1, MBID + "0"),
    (1, {"$ne": 1}),
    (2, "483718"),
    (2, "Q"),
    (2, "Q1; drop table library"),
    (3, SPOTIFY[:-1]),
    (3, SPOTIFY + "a"),
    (3, "spotify:artist:" + SPOTIFY),
    (4, "artist"),
    (4, True),
    (5, "'; drop table library; --"),
    (5, "a b"),
    (5, ""),
    (5, "x" * 256),
    (5, ["stereolab"]),
]


@pytest.mark.parametrize(("at", "external_id"), BAD_IDS)
def test_an_id_has_the_form_of_its_source(at: int, external_id: Any) -> None:
    (reason,) = validated(with_source({"external_id": external_id}, at)).invalid.values()
    assert reason.startswith(f"provenance[{at}].external_id is")
    key = [*stereolab()["main"]][at]
    (reason,) = validated(stereolab(main=stereolab()["main"] | {key: external_id})).invalid.values()
    assert reason.startswith(f"main.{key} is")


def test_a_discogs_id_may_be_a_number() -> None:
    assert not validated(with_source({"external_id": 388})).invalid


@pytest.mark.parametrize(
    "changes",
    [
        {"main": None},
        {"main": "388"},
        {"method": None},
        {"method": 7},
        {"provenance": "discogs"},
        {"provenance": [None]},
        {"provenance": ["discogs"]},
    ],
    ids=str,
)
def test_a_value_of_another_type_is_invalid(changes: Json) -> None:
    assert validated(stereolab(**changes)).invalid.keys() == {1}


@pytest.mark.parametrize("changes", [{"source": ["discogs"]}, {"method": {"a": 1}}], ids=str)
def test_a_term_that_is_no_text_is_invalid(changes: Json) -> None:
    assert validated(with_source(changes)).invalid.keys() == {1}


@pytest.mark.parametrize(
    "bad",
    ["tracks", [["Tricky"]], [track("Tricky", None, None) | {"track_position": {"a": 1}}]],
    ids=str,
)
def test_names_in_tracks_are_text_or_null(bad: Any) -> None:
    assert validated(compilation(1) | {"tracks": bad}).invalid.keys() == {1}


def test_a_source_that_the_contract_does_not_name_is_not_written_and_the_others_are() -> None:
    told = stereolab(provenance=[*SOURCES, entry("deezer", "4Z8W"), entry("deezer", "5")])
    answers = validated(told)
    (answer,) = answers.answered
    assert answer.words["provenance"][:6] == list(SOURCES)
    assert [each["external_id"] for each in answer.words["provenance"][6:]] == [None, None]
    assert answer.unstorable == {
        "provenance[6].external_id": "'4Z8W'",
        "provenance[7].external_id": "'5'",
    }
    assert answers.unknown_terms == {"source 'deezer'": 2}


def test_a_sources_unknown_method_costs_that_source_which_stays_mentioned() -> None:
    answers = validated(with_source({"method": "vector_search"}))
    (answer,) = answers.answered
    first, *others = answer.words["provenance"]
    assert (first["source"], first["external_id"]) == ("discogs", None)
    assert others == list(SOURCES[1:])
    assert answers.unknown_terms == {"method 'vector_search'": 1}


def test_an_identitys_unknown_method_cannot_be_written() -> None:
    answers = validated(stereolab(method="vector_search"))
    assert answers.unwritable == {1: "method 'vector_search' is not in the contract"}
    assert answers.unknown_terms == {"method 'vector_search'": 1}


@pytest.mark.parametrize(
    "provenance",
    [
        None,
        [],
        [entry("discogs", None)],
        [entry("discogs", "388", confidence=None)],
        [entry("deezer", "388")],
        [entry("discogs", "388", method=None)],
    ],
    ids=str,
)
def test_an_identity_without_a_source_to_write_is_not_written(provenance: Any) -> None:
    told = stereolab(provenance=provenance, confidence=0)
    answers = validated(told)
    assert answers.answered == ()
    assert answers.unwritable == {1: "single_artist without a source that can be written"}


@pytest.mark.parametrize("depth", [300, 600])
def test_an_answer_nested_too_deeply_to_be_stored_is_invalid(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    deep = json.dumps(unresolved(1, debug="deep")).replace('"deep"', nested)
    others = json.dumps(stereolab(2)), json.dumps(unresolved(3, big=10**30))
    body = f'{{"results": [{", ".join((deep, *others))}]}}'.encode()
    answers = validate(read_answers(body, [1, 2, 3]))
    assert answers.invalid == {1: "it is nested too deeply to be stored"}
    assert [each.library_id for each in answers.answered] == [2, 3]


def page(rows: int, invalid: int) -> list[Json]:
    return [
        stereolab(number, confidence=1.5 if number <= invalid else 0.9)
        for number in range(1, rows + 1)
    ]


@pytest.mark.parametrize(("rows", "invalid"), [(1, 1), (20, 1), (100, 1), (500, 5)])
def test_few_invalid_rows_are_left_out(rows: int, invalid: int) -> None:
    answers = validated(*page(rows, invalid))
    assert len(answers.invalid) == invalid
    assert len(answers.answered) == rows - invalid


@pytest.mark.parametrize(("rows", "invalid"), [(2, 2), (100, 2), (199, 2), (500, 6)])
def test_with_more_than_one_percent_invalid_nothing_is_believed(rows: int, invalid: int) -> None:
    with pytest.raises(NotAnAnswer) as caught:
        validated(*page(rows, invalid))
    assert str(caught.value) == (
        f"{invalid} of {rows} results are invalid, so none is believed; that of record 1: "
        "confidence is 1.5, not a number in 0..1"
    )


def test_however_many_rows_use_a_new_term_the_others_are_believed() -> None:
    told = [stereolab(number, method="vector_search") for number in range(1, 11)]
    answers = validated(*told, stereolab(11), {"kind": "duo", "library_id": 12})
    assert [each.library_id for each in answers.answered] == [11]
    assert answers.unwritable.keys() == {*range(1, 11), 12}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=4,
)
entries = st.fixed_dictionaries(
    {},
    optional={
        name: values | st.sampled_from([each[name] for each in SOURCES])
        for name in ("source", "method", "confidence", "external_id")
    },
)
rows = st.fixed_dictionaries(
    {"library_id": st.integers(1, 4), "kind": st.sampled_from(["single_artist", "compilation"])},
    optional={
        "main": values | st.just({}),
        "method": values | st.just("llm"),
        "confidence": values | st.just(0.5),
        "provenance": values | st.lists(entries | values, max_size=3),
        "tracks": values | st.lists(values, max_size=2),
    },
)


@settings(max_examples=500)
@given(st.lists(rows, max_size=4))
def test_whatever_comes_each_row_is_believed_or_has_a_reason(results: list[Json]) -> None:
    asked = [1, 2, 3, 4]
    read = read_answers(json.dumps({"results": results}).encode(), asked)
    try:
        answers = validate(read)
    except NotAnAnswer:
        return
    believed = [each.library_id for each in answers.answered]
    assert sorted([*believed, *answers.invalid, *answers.unwritable, *answers.unanswered]) == asked
    for answer in answers.answered:
        if answer.kind == "single_artist":
            assert any(
                each.get("source") and each.get("external_id") and each.get("method")
                for each in answer.words["provenance"]
            )
