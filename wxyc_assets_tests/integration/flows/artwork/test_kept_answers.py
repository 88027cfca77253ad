"""LML's answers to lookups, kept whole: what is decided follows from what is stored."""

import json
from typing import Any

import httpx
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from wxyc_assets.adapters.lml.lookup import found_in, read_lookup
from wxyc_assets.adapters.postgres.artwork_store import ArtworkStore, LookupOutcome
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.artwork import CoverScope, NoCoverReason
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import (
    ArtworkRun,
    album,
    found,
    numbers,
    pretend,
    put,
    run_artwork,
)
from wxyc_sandbox.lml.faults import Fault

MANY = [album(number) for number in range(1, 61)]


async def test_each_answer_is_kept_with_its_cost(opened: Database, backend_db: BackendDb) -> None:
    put(backend_db, *MANY)
    await run_artwork(opened, pretend(*MANY))
    kept = {row["library_id"]: row for row in backend_db.rows("select * from artwork_lookup")}
    assert kept.keys() == {each.library_id for each in MANY}
    for each in MANY:
        row = kept[each.library_id]
        assert found_in(row["answer"]) == found(each)
        assert row["api_calls"] == row["answer"]["cache_stats"]["api_calls"]
        assert (row["unstorable"], row["rules_version"], row["min_confidence"]) == (None, 1, 0.8)


async def test_what_jsonb_cannot_hold_is_kept_beside_the_answer(
    opened: Database, backend_db: BackendDb
) -> None:
    put(backend_db, album(1))
    artwork = {
        "artist": "Artist 1",
        "album": "Album\0 1",
        "release_id": 7,
        "artwork_url": "https://x/a",
    }
    body = {
        "results": [{"library_item": {"id": 50_001}, "artwork": artwork}],
        "search_type": "direct",
        "note": "\ud800",
    }

    def answer(request: httpx.Request) -> httpx.Response:
        content = {"discogs_breaker_state": "closed"} if request.method == "GET" else body
        return httpx.Response(200, content=json.dumps(content))

    await ArtworkRun(opened, transport=httpx.MockTransport(answer)).run()
    row = backend_db.row("select * from artwork_lookup")
    assert row is not None
    assert row["unstorable"] == {
        "results[0].artwork.album": r"'Album\x00 1'",
        "note": r"'\ud800'",
    }
    assert row["answer"]["results"][0]["artwork"] == artwork | {"album": None}
    assert row["api_calls"] is None


async def test_a_refused_record_has_no_answer(opened: Database, backend_db: BackendDb) -> None:
    refused, other = (album(at, number) for at, number in enumerate(numbers()["cover"][:2], 1))
    put(backend_db, refused, other)
    fault = Fault("status", status=422, rows=frozenset({refused.legacy_release_id}))
    await run_artwork(opened, pretend(refused, other, faults=[fault]))
    rows = backend_db.rows("select outcome, answer is null as is_lost from artwork_lookup")
    assert {(row["outcome"], row["is_lost"]) for row in rows} == {
        ("lml_refused", True),
        ("cover", False),
    }


NUMBER = st.integers(-(10**30), 10**30) | st.floats()
LEAF = st.none() | st.booleans() | NUMBER | st.text(st.characters())
ARTWORK = st.fixed_dictionaries(
    {},
    optional={
        "artist": LEAF,
        "album": LEAF,
        "release_id": LEAF,
        "artwork_url": LEAF,
        "confidence": st.floats(0, 1) | LEAF,
        "more": st.dictionaries(st.text(st.characters()), LEAF),
    },
)
RESULT = st.fixed_dictionaries(
    {}, optional={"library_item": st.fixed_dictionaries({"id": LEAF}), "artwork": ARTWORK | LEAF}
)


@given(st.lists(RESULT | LEAF, max_size=3), LEAF)
@example([{"library_item": {"id": -(2**63) - 1}, "artwork": {"release_id": 1e22}}], None)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_a_stored_answer_says_what_the_answer_said(
    opened: Database, backend_db: BackendDb, results: list[Any], search_type: Any
) -> None:
    body = json.dumps({"results": results, "search_type": search_type}).encode()
    answer = read_lookup(body)
    lookup = LookupOutcome(album(1), NoCoverReason.NO_ROW, answer=answer)
    await ArtworkStore(opened, CoverScope()).store([lookup], "a run")
    assert found_in(backend_db.value("select answer from artwork_lookup")) == answer.found
