"""Answers of LML that are no answers: honest ones with parts replaced, and any JSON or bytes."""

import json
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from wxyc_assets_tests.support.answers import compilation, entry, single, track, unresolved

ASKED = (1, 2, 3)
RESOLVED = {
    "tracks_contract_version": 1,
    "results": [
        single(1, entry("discogs", "388"), entry("wikidata", "Q483718")),
        unresolved(2),
        compilation(3, track("Tricky", None, "Tricky")),
    ],
    "cache_stats": {"memory_hits": 3},
}
LOOKED_UP = {
    "search_type": "direct",
    "timeout": False,
    "results": [
        {
            "library_item": {"id": 1},
            "artwork": {
                "artist": "Cat Power",
                "album": "Moon Pix",
                "release_id": 1,
                "artwork_url": "https://i.discogs.com/moon-pix.jpg",
                "confidence": 0.9,
            },
        }
    ],
}
REFRESHED = {
    "results": [
        {
            "identity_id": 1,
            "status": "warmed",
            "sources": {
                "discogs": {"release_outcome": "success", "artists": [{"outcome": "success"}]}
            },
        },
        {"identity_id": 2, "status": "not_found"},
    ]
}
HEALTHY = {"status": "healthy", "version": "1.46.0", "discogs_breaker_state": "closed"}

odd_text = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["", "\0", "\ud800", "single_artist", "compilation", "discogs", "-", "x" * 9000]
    ),
)
odd_number = st.one_of(
    st.integers(-4, 4),
    st.floats(),
    st.sampled_from([2**31, 2**63, 2**64, -(2**63) - 1, 10**400, 1e308, -0.0]),
)
leaves = st.one_of(st.none(), st.booleans(), odd_number, odd_text)
any_json = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(odd_text, inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def mutated(draw: st.DrawFn, honest: Any) -> Any:
    """Draw an honest document with up to four of its values replaced, removed or doubled."""
    document = deepcopy(honest)
    for _ in range(draw(st.integers(0, 4))):
        document = _mutate(draw, document)
    return document


def _mutate(draw: st.DrawFn, value: Any) -> Any:
    """Go down at random, and change what is there."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: _mutate(draw, value[key])}
    if isinstance(value, list) and value and draw(st.booleans()):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], _mutate(draw, value[place]), *value[place + 1 :]]
    if isinstance(value, list) and draw(st.booleans()):
        return draw(st.sampled_from([[], [*value, *value], value[1:], value[::-1]]))
    return draw(any_json)


def bodies(honest: Any) -> st.SearchStrategy[bytes]:
    """Return a strategy for bodies: mutated documents, cut off or not, and any bytes."""
    whole = st.one_of(mutated(honest), any_json).map(lambda document: json.dumps(document).encode())
    cut = st.tuples(whole, st.integers(0, 400)).map(lambda pair: pair[0][: pair[1]])
    deep = st.integers(1, 3000).map(
        lambda depth: b'{"results":' + b"[" * depth + b"]" * depth + b"}"
    )
    return st.one_of(whole, whole, whole, cut, deep, st.binary(max_size=64))
