"""POST /api/v1/lookup: the records and pictures that LML finds for one album."""

from collections.abc import Iterable
from typing import Any

from wxyc_assets.adapters.lml.wire import Json, as_object, as_text, parse, results_of
from wxyc_assets.domain.artwork import Found, Picture, Result

PATH = "/api/v1/lookup"
SPAN = "lml.lookup"
HEADERS = {"X-Caller-Class": "5"}
"""Marks the call as batch traffic (docs/contracts/lml.md, "POST /api/v1/lookup")."""
TOKENS = 1 / 20
"""Estimated Discogs requests of a call."""
TIMEOUT_SECONDS = 30.0
NO_RECORD = 0
"""LML's id for a result that is not a library record."""


def request(artist: str, album: str) -> Json:
    """Return the body of a lookup."""
    return {"artist": artist, "album": album}


def read_lookup(body: bytes) -> Found:
    """Return what a lookup found; raise NotAnAnswer when it has no `results`."""
    response = parse(body)
    members = as_object(response)
    return Found(
        results=tuple(_results(results_of(response))),
        search_type=as_text(members.get("search_type")) or "",
        is_incomplete=members.get("timeout") is True or members.get("degraded") is True,
    )


def _results(results: Iterable[Any]) -> Iterable[Result]:
    for result in map(as_object, results):
        item = as_object(result.get("library_item"))
        yield Result(_number(item.get("id")), _picture(result.get("artwork")))


def _picture(value: Any) -> Picture | None:
    if not isinstance(value, dict):
        return None
    artwork = as_object(value)  # pyright: ignore[reportUnknownArgumentType]
    return Picture(
        artist=as_text(artwork.get("artist")),
        album=as_text(artwork.get("album")),
        release_id=_number(artwork.get("release_id")),
        url=as_text(artwork.get("artwork_url")),
        confidence=_share(artwork.get("confidence")),
    )


def _share(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and 0 <= value <= 1 else None


def _number(value: Any) -> int:
    return value if type(value) is int else NO_RECORD
