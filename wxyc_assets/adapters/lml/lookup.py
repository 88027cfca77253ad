"""LML's words on the wire: the answer to a lookup, and what its health route says."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from wxyc_assets.adapters.lml.bulk_resolve import Json, NotAnAnswer, parse
from wxyc_assets.domain.artwork import Found, Picture, Result

NO_RECORD = 0
"""LML's id for a result that is no shelved record."""


@dataclass(frozen=True, slots=True)
class Health:
    """What LML says about itself."""

    status: str | None
    version: str | None
    commit_sha: str | None
    breaker: str | None
    """Towards Discogs: closed, open or half-open."""

    @property
    def is_breaker_closed(self) -> bool:
        return self.breaker == "closed"


def read_lookup(body: bytes) -> Found:
    """What a lookup found; raises NotAnAnswer when it has no `results`."""
    response = _object(parse(body))
    results = response.get("results")
    if not isinstance(results, list):
        raise NotAnAnswer("`results` is missing or no list")
    return Found(
        results=tuple(_results(cast(list[Any], results))),
        search_type=_text(response.get("search_type")) or "",
        is_incomplete=response.get("timeout") is True or response.get("degraded") is True,
    )


def read_health(body: bytes) -> Health:
    """LML's health; raises NotAnAnswer when it is no JSON."""
    said = _object(parse(body))
    return Health(
        status=_text(said.get("status")),
        version=_text(said.get("version")),
        commit_sha=_text(said.get("commit_sha")),
        breaker=_text(said.get("discogs_breaker_state")),
    )


def _results(results: Iterable[Any]) -> Iterable[Result]:
    for result in map(_object, results):
        item = _object(result.get("library_item"))
        yield Result(_number(item.get("id")), _picture(result.get("artwork")))


def _picture(artwork: Any) -> Picture | None:
    if not isinstance(artwork, dict):
        return None
    said = cast(Json, artwork)
    return Picture(
        artist=_text(said.get("artist")),
        album=_text(said.get("album")),
        release_id=_number(said.get("release_id")),
        url=_text(said.get("artwork_url")),
        confidence=_share(said.get("confidence")),
    )


def _object(value: Any) -> Json:
    return cast(Json, value) if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _share(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and 0 <= value <= 1 else None


def _number(value: Any) -> int:
    return value if type(value) is int else NO_RECORD
