"""What a lookup of one album finds: mostly its cover, and every way in which that can go wrong."""

from collections.abc import Callable
from typing import Any

from wxyc_sandbox.lml.catalogue import Shelved
from wxyc_sandbox.lml.chance import Chance
from wxyc_sandbox.lml.covers import SPACER, discogs_image, streaming_cover
from wxyc_sandbox.lml.wire import Json

MAX_RESULTS = 5
CONFIDENCES = (0.8, 0.8999999999999999, 1.0, 1.0)
LOW_CONFIDENCES = (0.2, 0.3, 0.4)


def nothing(**changes: Any) -> Json:
    answer: Json = {
        "results": [],
        "search_type": "none",
        "timeout": False,
        "degraded": False,
        "degraded_reason": None,
        "song_not_found": False,
        "cache_stats": {"memory_hits": 1, "pg_hits": 2, "api_calls": 0, "pg_time_ms": 3.25},
    }
    return answer | changes


def found(shelved: list[Shelved], chance: Chance) -> Json:
    """A release for every format of the album, each with its own legacy id."""
    first = chance.below(len(shelved))
    formats = (shelved[first:] + shelved[:first])[:MAX_RESULTS]
    release_id = 1 + chance.below(30_000_000)
    results = [_result(row, release_id + at, chance) for at, row in enumerate(formats)]
    return nothing(results=results, search_type="direct")


def _result(row: Shelved, release_id: int, chance: Chance) -> Json:
    artwork = {
        "album": row.title + chance.pick(("", "", "", " (Deluxe Edition)")),
        "artist": row.artist + chance.pick(("", "", "", " (2)")),
        "release_id": release_id,
        "release_url": f"https://www.discogs.com/release/{release_id}",
        "artwork_url": discogs_image(chance, "R", release_id),
        "confidence": chance.pick(CONFIDENCES),
    }
    item = {"id": row.legacy_release_id, "title": row.title, "artist": row.artist, "genre": None}
    return {"library_item": item, "artwork": artwork}


def _artwork(**changes: Callable[[Chance], Any]) -> Callable[[Json, Chance], Json]:
    """A shape in which the artwork of every result differs in the named keys."""

    def shape(answer: Json, chance: Chance) -> Json:
        for result in answer["results"]:
            result["artwork"] |= {key: draw(chance) for key, draw in changes.items()}
        return answer

    return shape


def _no_artwork(answer: Json, chance: Chance) -> Json:
    for result in answer["results"]:
        result["artwork"] = None
    return answer


def _beside_another(answer: Json, chance: Chance) -> Json:
    other = Shelved(1 + chance.below(60_000), answer["results"][0]["library_item"]["artist"], "EP")
    answer["results"] = [_result(other, 77, chance), *answer["results"]][:MAX_RESULTS]
    return answer


def _twice(answer: Json, chance: Chance) -> Json:
    answer["results"] = [result for result in answer["results"] for _ in (1, 2)][:MAX_RESULTS]
    return answer


def _not_shelved(answer: Json, chance: Chance) -> Json:
    answer["results"] = answer["results"][:1]
    answer["results"][0]["library_item"]["id"] = 0
    return answer


def _by(search_type: str) -> Callable[[Json, Chance], Json]:
    return lambda answer, chance: answer | {"search_type": search_type}


def _degraded(answer: Json, chance: Chance) -> Json:
    return answer | {"degraded": True, "degraded_reason": "discogs_rate_limited"}


SHAPES: tuple[tuple[int, Callable[[Json, Chance], Json]], ...] = (  # per mille
    (590, lambda answer, chance: answer),
    (30, _beside_another),
    (15, _twice),
    (85, lambda answer, chance: nothing()),
    (50, _by("fallback")),
    (10, _by("alternative")),
    (5, _by("compilation")),
    (5, _by("song_as_artist")),
    (40, _artwork(release_id=lambda _: 0, release_url=lambda _: "", artwork_url=streaming_cover)),
    (60, _artwork(confidence=lambda chance: chance.pick(LOW_CONFIDENCES))),
    (15, _artwork(artwork_url=lambda _: SPACER)),
    (15, _artwork(artwork_url=lambda chance: discogs_image(chance, "A", 1 + chance.below(9**6)))),
    (10, _artwork(artwork_url=lambda chance: discogs_image(chance, "L", 1 + chance.below(9**6)))),
    (10, _artwork(artwork_url=lambda _: "http://img.discogs.com/R-4242-1300000000.jpeg")),
    (5, _artwork(artwork_url=lambda _: f"https://i.discogs.com/{'x' * 520}.jpeg")),
    (10, _artwork(artwork_url=lambda _: None)),
    (15, _no_artwork),
    (10, _artwork(artist=lambda _: "The Wrong Band")),
    (5, _artwork(album=lambda _: "Another Record")),
    (5, lambda answer, chance: nothing(timeout=True)),
    (5, _degraded),
    (5, _not_shelved),
)
BY_DRAW = tuple(shape for per_mille, shape in SHAPES for _ in range(per_mille))


def shaped(shelved: list[Shelved], chance: Chance) -> Json:
    return chance.pick(BY_DRAW)(found(shelved, chance), chance)


def unshelved(artist: str, title: str, chance: Chance) -> Json:
    """What comes of an album that is not in the catalogue."""
    if not artist or chance.happens(500):
        return nothing()
    return found([Shelved(0, artist, title)], chance)
