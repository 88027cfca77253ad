"""Bulk-resolve responses, read from the wire and fit for JSONB."""

import json
import math
from collections.abc import Generator, Sequence
from typing import Any

import psycopg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from wxyc_assets.adapters.lml.bulk_resolve import KINDS, Answer, Answers, read_answers
from wxyc_assets.adapters.lml.wire import NotAnAnswer, dump
from wxyc_assets.domain.answers import AnswerKind
from wxyc_sandbox.postgres import Postgres

STEREOLAB = {
    "kind": "single_artist",
    "library_id": 1,
    "main": {"discogs_artist_id": 388, "wikidata_qid": "Q483718"},
    "method": "exact_match",
    "confidence": 0.8999999761581421,
    "provenance": [
        {"source": "discogs", "method": "exact_match", "confidence": 0.9, "external_id": "388"},
        {"source": "wikidata", "method": "llm", "confidence": 0.8, "external_id": "Q483718"},
    ],
    "tracks_attempted": False,
    "tracks": [],
}


def unresolved(library_id: Any) -> dict[str, Any]:
    return {"kind": "unresolved", "library_id": library_id}


def body(*results: Any, **more: Any) -> bytes:
    response = {"tracks_contract_version": 1, "results": results, "cache_stats": None} | more
    return json.dumps(response).encode()


def read(asked: Sequence[int], *results: Any, **more: Any) -> Answers:
    return read_answers(body(*results, **more), asked)


def only(answers: Answers) -> Answer:
    (answer,) = answers.answered
    return answer


def test_an_answer_is_kept_word_for_word() -> None:
    assert only(read([1], STEREOLAB)) == Answer(1, AnswerKind.SINGLE_ARTIST, STEREOLAB)


@pytest.mark.parametrize("title", ["Ping Pong", "Ping\0Pong"])
@pytest.mark.parametrize("kind", KINDS)
def test_tracks_are_kept_of_compilations_only(kind: AnswerKind, title: str) -> None:
    tracks = [{"artist_name": "Stereolab", "track_title": "Ping Pong"}, {"track_title": title}]
    answer = only(read([1], {"kind": kind, "library_id": 1, "tracks": tracks}))
    if kind is AnswerKind.COMPILATION:
        assert answer.words["tracks"][0] == tracks[0]
    else:
        assert answer.words == {"kind": kind, "library_id": 1}
        assert not answer.unstorable


def test_a_reordered_answer_is_taken_by_its_ids() -> None:
    answers = read([1, 2, 3], unresolved(3), unresolved(1), unresolved(2))
    assert {each.library_id for each in answers.answered} == {1, 2, 3}
    assert (answers.unanswered, answers.untrusted) == (frozenset(), 0)


def test_a_short_answer_leaves_rows_unanswered_and_nothing_untrusted() -> None:
    answers = read([1, 2, 3], unresolved(2))
    assert answers.unanswered == {1, 3}
    assert answers.untrusted == 0


def test_of_a_duplicated_result_the_first_counts() -> None:
    answers = read([1, 2], STEREOLAB, unresolved(1))
    assert only(answers).kind == "single_artist"
    assert (answers.unanswered, answers.untrusted) == ({2}, 1)


def test_a_foreign_result_is_dropped() -> None:
    answers = read([1, 2], unresolved(1), unresolved(77))
    assert only(answers).library_id == 1
    assert (answers.unanswered, answers.untrusted) == ({2}, 1)


@pytest.mark.parametrize("library_id", [True, 1.0, "1", None, [1], {"id": 1}])
def test_an_id_of_another_type_is_foreign(library_id: Any) -> None:
    answers = read([1], unresolved(library_id))
    assert answers.answered == ()
    assert (answers.unanswered, answers.untrusted) == ({1}, 1)


@pytest.mark.parametrize("result", [None, 7, "unresolved", [], {}, {"kind": "unresolved"}])
def test_a_result_that_names_no_row_is_untrusted(result: Any) -> None:
    assert read([1], result).untrusted == 1


@pytest.mark.parametrize("kind", [None, "duo", 1, ["unresolved"], {}])
def test_a_kind_that_the_contract_does_not_know_cannot_be_written(kind: Any) -> None:
    answers = read([1], {"library_id": 1, "kind": kind})
    assert (answers.answered, answers.unanswered) == ((), frozenset())
    assert answers.unwritable == {1: f"kind {kind!r} is not in the contract"}
    assert answers.unknown_terms == {f"kind {kind!r}": 1}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "not JSON"),
        (b"<!doctype html><title>502</title>", "begins '<!doctype html>"),
        (b'{"results": [{"libr', "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        ('{"results": []}'.encode("utf-16"), "not JSON"),
        (b'{"results": ["\xed\xa0\x80"]}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"results": [' + b"9" * 5_000 + b"]}", "not JSON"),
        (b"{}", "`results` is missing or null, not a list"),
        (b'{"results": null}', "`results` is missing or null, not a list"),
        (b'{"results": {}}', "`results` is a dict, not a list"),
        (b"[]", "`results` is missing or null"),
        (b"null", "`results` is missing or null"),
        (b'"results"', "`results` is missing or null"),
    ],
    ids=lambda each: each[:16] if isinstance(each, bytes) else None,
)
def test_what_is_not_an_answer_says_why(text: bytes, why: str) -> None:
    with pytest.raises(NotAnAnswer) as caught:
        read_answers(text, [1])
    assert why in str(caught.value)
    assert len(str(caught.value)) < 400


def test_an_answer_nested_too_deeply_says_so() -> None:
    deep = b"[" * 600 + b'"\\u0000"' + b"]" * 600
    text = body(STEREOLAB).replace(b"0.8999999761581421", deep)
    with pytest.raises(NotAnAnswer, match="nested too deeply"):
        read_answers(text, [1])


def test_a_byte_order_mark_does_no_harm() -> None:
    assert only(read_answers(b"\xef\xbb\xbf" + body(STEREOLAB), [1])).words == STEREOLAB


@pytest.mark.parametrize(
    "value", ["a\0b", "\0", "a\ud800b", "\udfff", math.nan, math.inf, -math.inf]
)
def test_a_poisoned_entry_costs_its_value_and_the_rest_is_kept(value: Any) -> None:
    provenance = [STEREOLAB["provenance"][0], STEREOLAB["provenance"][1] | {"external_id": value}]
    answer = only(read([1], STEREOLAB | {"provenance": provenance}))
    cleaned = [provenance[0], provenance[1] | {"external_id": None}]
    assert answer.words == STEREOLAB | {"provenance": cleaned}
    assert answer.unstorable == {"provenance[1].external_id": ascii(value)}
    assert not answer.is_poisoned


def test_a_poisoned_track_costs_that_track() -> None:
    tracks = [
        {"artist_name": name, "track_title": None} for name in ("Tricky", "Bu\0rial", "Burial")
    ]
    answer = only(read([1], {"kind": "compilation", "library_id": 1, "tracks": tracks}))
    assert answer.words["tracks"] == [tracks[0], tracks[2]]
    assert answer.unstorable == {"tracks[1].artist_name": r"'Bu\x00rial'"}
    assert not answer.is_poisoned


def test_ten_tracks_are_told_apart_from_the_first() -> None:
    tracks = [{"artist_name": str(number)} for number in range(12)]
    tracks[1]["artist_name"] = "\0"
    answer = only(read([1], {"kind": "compilation", "library_id": 1, "tracks": tracks}))
    assert [each["artist_name"] for each in answer.words["tracks"]] == [
        "0",
        *map(str, range(2, 12)),
    ]


@pytest.mark.parametrize("place", ["method", "confidence"])
def test_poison_in_the_decision_itself_poisons_the_answer(place: str) -> None:
    answer = only(read([1], STEREOLAB | {place: math.nan}))
    assert answer.is_poisoned
    assert answer.unstorable == {place: "nan"}


def test_poison_in_main_poisons_the_answer() -> None:
    answer = only(read([1], STEREOLAB | {"main": {"wikidata_qid": "Q\0"}}))
    assert answer.is_poisoned
    assert answer.unstorable == {"main.wikidata_qid": r"'Q\x00'"}


def test_a_poisoned_key_is_taken_out_and_kept_escaped() -> None:
    answer = only(read([1], STEREOLAB | {"main": {"a\0b": 7, "wikidata_qid": "Q1"}}))
    assert answer.words["main"] == {"wikidata_qid": "Q1"}
    assert "7" in answer.unstorable.values()


@pytest.mark.parametrize(
    "number", ["1e999", "1E+400", "-1e400", "9" * 400 + ".5", "9" * 250 + "e90"]
)
def test_a_number_too_large_for_a_float_is_taken_out(number: str) -> None:
    text = body(STEREOLAB).replace(b"0.8999999761581421", number.encode())
    answer = only(read_answers(text, [1]))
    assert answer.words["confidence"] is None
    assert answer.is_poisoned


def test_an_escaped_backslash_before_u0000_is_harmless() -> None:
    words = STEREOLAB | {"method": r"\u0000"}
    assert only(read([1], words)).words == words


@pytest.mark.parametrize(
    ("version", "attempted", "tracks", "is_matched"),
    [
        (1, True, [], True),
        (1, True, None, True),
        (1, False, [{"artist_name": "Burial"}], True),
        (1, None, [{"artist_name": "Burial"}], True),
        (1, False, [], False),
        (1, None, None, False),
        (None, True, [{"artist_name": "Burial"}], False),
        (2, True, [{"artist_name": "Burial"}], False),
        (0, True, [], False),
    ],
)
def test_a_compilation_is_matched_when_version_1_says_it_was_attempted_or_shows_tracks(
    version: Any, attempted: Any, tracks: Any, is_matched: bool
) -> None:
    words = {
        "kind": "compilation",
        "library_id": 1,
        "tracks_attempted": attempted,
        "tracks": tracks,
    }
    answers = read([1], words, tracks_contract_version=version)
    assert only(answers).is_matched(answers.tracks_contract_version) is is_matched


@pytest.mark.parametrize("version", [True, 1.0, "1", [1], {}, math.nan, 10**30, -1])
def test_a_contract_version_of_another_shape_is_no_version(version: Any) -> None:
    assert read([1], STEREOLAB, tracks_contract_version=version).tracks_contract_version is None


@pytest.mark.parametrize("kind", ["single_artist", "unresolved"])
def test_only_a_compilation_is_ever_matched(kind: str) -> None:
    words = {"kind": kind, "library_id": 1, "tracks_attempted": True}
    assert only(read([1], words)).is_matched(1) is False


def test_of_the_cache_statistics_the_numbers_are_kept() -> None:
    stats = {"pg_hits": 3, "pg_time_ms": 0.5, "warm": True, "memory": {"hits": 1}, "wait": None}
    assert read([1], cache_stats=stats).cache_stats == {"pg_hits": 3, "pg_time_ms": 0.5}
    assert read([1], cache_stats=[1]).cache_stats == {}


@pytest.mark.parametrize(
    "number", [math.nan, math.inf, -math.inf, -1, 2**53 + 1, pytest.param(10**400, id="huge")]
)
def test_a_statistic_that_counts_nothing_is_left_out(number: float) -> None:
    assert read([1], cache_stats={"api_calls": number, "pg_hits": 2**53}).cache_stats == {
        "pg_hits": 2**53
    }


ids = st.integers(1, 6)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=4)
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=()), max_size=3), inner, max_size=3
        )
    ),
    max_leaves=8,
)
results = values | st.fixed_dictionaries(
    {"library_id": ids | values},
    optional={
        "kind": st.sampled_from(KINDS) | values,
        "provenance": values,
        "tracks": st.lists(values, max_size=3) | values,
        "tracks_attempted": values,
        "confidence": values,
    },
)
responses = values | st.fixed_dictionaries(
    {"results": st.lists(results, max_size=6) | values},
    optional={"tracks_contract_version": st.just(1) | values, "cache_stats": values},
)
bodies = st.binary(max_size=40) | responses.map(lambda each: json.dumps(each).encode())


@settings(max_examples=500)
@given(bodies, st.lists(ids, unique=True, max_size=6))
@example(b"", [1])
def test_whatever_comes_only_asked_rows_are_answered_and_each_once(
    text: bytes, asked: list[int]
) -> None:
    try:
        answers = read_answers(text, asked)
    except NotAnAnswer:
        return
    answered = [each.library_id for each in answers.answered]
    assert len(answered) == len({*answered})
    assert sorted([*answered, *answers.unwritable, *answers.unanswered]) == sorted(asked)
    for each in answers.answered:
        assert is_storable(each.words)
        assert is_storable(each.unstorable)
        assert each.kind in KINDS
        assert type(each.is_matched(answers.tracks_contract_version)) is bool


@pytest.fixture(scope="module")
def jsonb(postgres: Postgres) -> Generator[psycopg.Connection]:
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        yield connection


@settings(max_examples=300)
@given(text=bodies)
def test_whatever_comes_postgres_can_hold_what_is_kept_of_it(
    jsonb: psycopg.Connection, text: bytes
) -> None:
    try:
        answers = read_answers(text, [*range(1, 7)])
    except NotAnAnswer:
        return
    for each in answers.answered:
        kept = [each.words, each.unstorable, each.null_confidences]
        jsonb.execute("select %s", [Jsonb(kept, dumps=dump)])


def is_storable(value: Any) -> bool:
    """Return True if JSONB can hold it: text that UTF-8 can write, no NUL, finite numbers."""
    match value:
        case str():
            return "\0" not in value and value.encode("utf-8", "ignore").decode() == value
        case float():
            return math.isfinite(value)
        case list():
            return all(map(is_storable, value))
        case dict():
            return all(map(is_storable, (*value.keys(), *value.values())))
        case _:
            return True
