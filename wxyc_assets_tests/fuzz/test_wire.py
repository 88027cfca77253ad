"""Whatever the body: an answer that fits JSONB and is word for word LML's, or NotAnAnswer."""

import json
import math
from collections.abc import Callable
from typing import Any

from hypothesis import example, given

from wxyc_assets.adapters.lml.bulk_resolve import read_answers
from wxyc_assets.adapters.lml.health import read_health
from wxyc_assets.adapters.lml.lookup import found_in, read_lookup
from wxyc_assets.adapters.lml.refresh import read_refreshed
from wxyc_assets.adapters.lml.tracing import cache_stats
from wxyc_assets.adapters.lml.validation import validate
from wxyc_assets.adapters.lml.wire import NotAnAnswer, dump
from wxyc_assets_tests.fuzz.hostile_json import (
    ASKED,
    HEALTHY,
    LOOKED_UP,
    REFRESHED,
    RESOLVED,
    bodies,
)
from wxyc_assets_tests.support.answers import unresolved


def read(reader: Callable[..., Any], body: bytes, *more: Any) -> Any:
    """Return what was read, or None for a body that is no answer."""
    try:
        return reader(body, *more)
    except NotAnAnswer:
        return None


IDLE_TRACKS = json.dumps({"results": [{**unresolved(2), "tracks": 1}]}).encode()


@given(bodies(RESOLVED))
@example(IDLE_TRACKS)
def test_resolved(body: bytes) -> None:
    answers = read(lambda body: validate(read_answers(body, ASKED)), body)
    if answers is None:
        return
    told = json.loads(body.decode("utf-8-sig"))["results"]
    assert {each.library_id for each in answers.answered} <= {*ASKED} - answers.unanswered
    for answer in answers.answered:
        assert as_jsonb(answer.words)["library_id"] == answer.library_id
        assert answer.unstorable or same(answer.words) in [same(kept(each)) for each in told]


def kept(result: Any) -> Any:
    """Return a result without `tracks` unless it is a compilation, where they serve."""
    if not isinstance(result, dict) or result.get("kind") == "compilation":
        return result
    return {key: value for key, value in result.items() if key != "tracks" or not value}


def as_jsonb(words: Any) -> Any:
    """Return a document as PostgreSQL keeps it: UTF-8, without NUL."""
    stored = dump(words)
    assert b"\\u0000" not in stored
    document = json.loads(stored)
    json.dumps(document, ensure_ascii=False).encode()
    return document


def same(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@given(bodies(LOOKED_UP))
def test_looked_up(body: bytes) -> None:
    answer = read(read_lookup, body)
    if answer is None:
        return
    assert found_in(as_jsonb(answer.words)) == answer.found
    for each in answer.found.results:
        confidence = each.picture.confidence if each.picture else None
        assert confidence is None or (math.isfinite(confidence) and 0 <= confidence <= 1)


@given(bodies(REFRESHED))
def test_refreshed(body: bytes) -> None:
    results = read(read_refreshed, body, ASKED)
    assert results is None or tuple(results) == ASKED


@given(bodies(HEALTHY))
def test_health(body: bytes) -> None:
    read(read_health, body)


@given(bodies(RESOLVED))
def test_cache_stats(body: bytes) -> None:
    assert all(math.isfinite(each) for each in cache_stats(body).values())
