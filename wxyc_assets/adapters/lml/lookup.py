"""POST /api/v1/lookup: the records and pictures that LML finds for one album."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from wxyc_assets.adapters.lml.storable import is_too_deep, parse_for_jsonb, without_unstorable
from wxyc_assets.adapters.lml.wire import Json, NotAnAnswer, as_object, as_text, results_of
from wxyc_assets.domain.artwork import Found, Picture, Result
from wxyc_assets.domain.prices import Price
from wxyc_assets.domain.web_addresses import is_https

PATH = "/api/v1/lookup"
SPAN = "lml.lookup"
HEADERS = {"X-Caller-Class": "5"}
"""Marks the call as batch traffic (docs/contracts/lml.md, "POST /api/v1/lookup")."""
TIMEOUT_SECONDS = 30.0
PRICE = Price("lookup", guess=7, seconds=TIMEOUT_SECONDS)
"""About five while it is not cached (docs/contracts/lml.md, "POST /api/v1/lookup")."""
LARGEST_ANSWER_BYTES = 1 << 20
"""At most five results, each with a biography of some kilobytes; everything is stored."""
MOST_API_CALLS = 10_000
"""Far beyond what one lookup can take of Discogs."""
STREAMING = ("spotify", "apple_music", "youtube_music", "bandcamp", "soundcloud")
"""The services of which an answer holds links, as `spotify_url` and so on."""
LARGEST_EXACT = 2**53
NO_RECORD = 0
"""LML's id for a result that is not a library record."""


def request(artist: str, album: str) -> Json:
    """Return the body of a lookup."""
    return {"artist": artist, "album": album}


@dataclass(frozen=True, slots=True)
class LookupAnswer:
    """LML's answer to one lookup, verbatim but for what JSONB cannot hold."""

    words: Json
    unstorable: Json = field(default_factory=dict[str, Any])
    """Values taken out, escaped, by place: `{"results[0].artwork.album": "'a\\\\x00'"}`."""

    @property
    def found(self) -> Found:
        """The answer as the domain takes it."""
        return found_in(self.words)

    @property
    def api_calls(self) -> int | None:
        """Number of live Discogs requests that the answer took; None if it does not say."""
        calls = as_object(self.words.get("cache_stats")).get("api_calls")
        return calls if type(calls) is int and 0 <= calls <= MOST_API_CALLS else None


def read_lookup(body: bytes) -> LookupAnswer:
    """Return LML's answer; raise NotAnAnswer without `results`, or if it cannot be stored."""
    if len(body) > LARGEST_ANSWER_BYTES:
        raise NotAnAnswer(f"{len(body):,} bytes cannot be the answer to a lookup")
    response, is_storable = parse_for_jsonb(body)
    results_of(response)
    answer = LookupAnswer(response) if is_storable else LookupAnswer(*without_unstorable(response))
    if is_too_deep(answer.words):
        raise NotAnAnswer("the answer is nested too deeply to be stored")
    return answer


def found_in(words: Json) -> Found:
    """Return what an answer says that was read, or stored; it has `results`."""
    return Found(
        results=tuple(_results(results_of(words))),
        search_type=as_text(words.get("search_type")) or "",
        is_incomplete=words.get("timeout") is True or words.get("degraded") is True,
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
        master_id=_number(artwork.get("master_id")),
        streaming=dict(_links(artwork)),
    )


def _links(artwork: Json) -> Iterable[tuple[str, str]]:
    for service in STREAMING:
        url = as_text(artwork.get(f"{service}_url"))
        if url and is_https(url):
            yield service, url


def _share(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and 0 <= value <= 1 else None


def _number(value: Any) -> int:
    """Return an integer; 0 for anything else, and for one that a float could not hold exactly.

    JSONB would return such a float as an integer.
    """
    return value if type(value) is int and abs(value) < LARGEST_EXACT else NO_RECORD
