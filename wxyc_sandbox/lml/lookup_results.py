"""Results of a lookup: mostly a cover, otherwise one of the ways in which it can be unusable."""

from collections.abc import Callable
from typing import Any

from wxyc_sandbox.lml.catalogue import CatalogueEntry
from wxyc_sandbox.lml.covers import SPACER, discogs_image, streaming_cover
from wxyc_sandbox.lml.seeded_random import SeededRandom, fold
from wxyc_sandbox.lml.wire import Json
from wxyc_sandbox.real_world import first_release, master_of, release_cover

MAX_RESULTS = 5
CONFIDENCES = (0.8, 0.8999999999999999, 1.0, 1.0)
EDITIONS = (
    *("",) * 32, *(" (Deluxe Edition)",) * 3, " [Bonus Tracks]", " EP", ": Remastered", ", Vol. 1",
    " - Mono",
)  # fmt: skip
"""What Discogs adds to a title for another edition of the same album."""
LOW_CONFIDENCES = (0.2, 0.3, 0.4)


def no_results(**changes: Any) -> Json:
    """Return an answer without results, with some keys changed."""
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


def with_api_calls(answer: Json, number: int) -> Json:
    """Return an answer that took so many live Discogs requests."""
    return answer | {"cache_stats": answer["cache_stats"] | {"api_calls": number}}


def direct_match(entries: list[CatalogueEntry], random: SeededRandom) -> Json:
    """Return a release for every format of the album, each with its own legacy id."""
    first = random.below(len(entries))
    release = first_release(fold(entries[0].artist), fold(entries[0].title))
    numbered = list(enumerate(entries, start=release))
    formats = (numbered[first:] + numbered[:first])[:MAX_RESULTS]
    results = [_result(row, release_id, random) for release_id, row in formats]
    return no_results(results=results, search_type="direct")


def _result(row: CatalogueEntry, release_id: int, random: SeededRandom) -> Json:
    artwork = {
        "album": row.title + random.pick(EDITIONS),
        "artist": row.artist + random.pick(("", "", "", " (2)")),
        "release_id": release_id,
        "release_url": f"https://www.discogs.com/release/{release_id}",
        "master_id": master_of(release_id),
        "artwork_url": release_cover(release_id),
        "confidence": random.pick(CONFIDENCES),
        "spotify_url": f"https://open.spotify.com/album/{release_id:022}",
        "apple_music_url": None,
        "youtube_music_url": f"https://music.youtube.com/search?q={release_id}",
        "bandcamp_url": None,
        "soundcloud_url": None,
    }
    item = {"id": row.legacy_release_id, "title": row.title, "artist": row.artist, "genre": None}
    return {"library_item": item, "artwork": artwork}


def _artwork(**changes: Callable[[SeededRandom], Any]) -> Callable[[Json, SeededRandom], Json]:
    """Return a shape that replaces the named keys in the artwork of every result."""

    def shape(answer: Json, random: SeededRandom) -> Json:
        for result in answer["results"]:
            result["artwork"] |= {key: draw(random) for key, draw in changes.items()}
        return answer

    return shape


def _no_artwork(answer: Json, random: SeededRandom) -> Json:
    for result in answer["results"]:
        result["artwork"] = None
    return answer


def _beside_another_album(answer: Json, random: SeededRandom) -> Json:
    other = CatalogueEntry(
        1 + random.below(60_000), answer["results"][0]["library_item"]["artist"], "EP"
    )
    answer["results"] = [_result(other, 77, random), *answer["results"]][:MAX_RESULTS]
    return answer


def _duplicated(answer: Json, random: SeededRandom) -> Json:
    answer["results"] = [result for result in answer["results"] for _ in (1, 2)][:MAX_RESULTS]
    return answer


def _off_catalogue(answer: Json, random: SeededRandom) -> Json:
    answer["results"] = answer["results"][:1]
    answer["results"][0]["library_item"]["id"] = 0
    return answer


def _by(search_type: str) -> Callable[[Json, SeededRandom], Json]:
    return lambda answer, random: answer | {"search_type": search_type}


def _degraded(answer: Json, random: SeededRandom) -> Json:
    return answer | {"degraded": True, "degraded_reason": "discogs_rate_limited"}


STREAMING_ONLY: dict[str, Callable[[SeededRandom], Any]] = {
    "release_id": lambda _: 0,
    "release_url": lambda _: "",
    "master_id": lambda _: None,
    "artwork_url": streaming_cover,
}
SHAPES: tuple[tuple[int, Callable[[Json, SeededRandom], Json]], ...] = (  # per mille
    (590, lambda answer, random: answer),
    (30, _beside_another_album),
    (15, _duplicated),
    (85, lambda answer, random: no_results()),
    (50, _by("fallback")),
    (10, _by("alternative")),
    (5, _by("compilation")),
    (5, _by("song_as_artist")),
    (40, _artwork(**STREAMING_ONLY)),
    (60, _artwork(confidence=lambda random: random.pick(LOW_CONFIDENCES))),
    (15, _artwork(artwork_url=lambda _: SPACER)),
    (15, _artwork(artwork_url=lambda random: discogs_image(random, "A", 1 + random.below(9**6)))),
    (10, _artwork(artwork_url=lambda random: discogs_image(random, "L", 1 + random.below(9**6)))),
    (10, _artwork(artwork_url=lambda _: "http://img.discogs.com/R-4242-1300000000.jpeg")),
    (5, _artwork(artwork_url=lambda _: f"https://i.discogs.com/{'x' * 520}.jpeg")),
    (10, _artwork(artwork_url=lambda _: None)),
    (15, _no_artwork),
    (10, _artwork(artist=lambda _: "The Wrong Band")),
    (5, _artwork(album=lambda _: "Another Record")),
    (5, lambda answer, random: no_results(timeout=True)),
    (5, _degraded),
    (5, _off_catalogue),
)
SHAPES_BY_WEIGHT = tuple(shape for per_mille, shape in SHAPES for _ in range(per_mille))


def has_flawless_answer(artist: str, title: str, seed: int) -> bool:
    """Return True if LML answers about an album, by its folded names, without a flaw."""
    random = SeededRandom(seed, "lookup", artist, title)
    random.below(1000)  # decides whether Discogs is asked
    return random.pick(SHAPES_BY_WEIGHT) is SHAPES[0][1]


def catalogue_answer(entries: list[CatalogueEntry], random: SeededRandom) -> Json:
    """Return the answer for an album in the catalogue, in a shape drawn by weight."""
    return random.pick(SHAPES_BY_WEIGHT)(direct_match(entries, random), random)


def answer_off_catalogue(artist: str, title: str, random: SeededRandom) -> Json:
    """Return the answer for an album that is not in the catalogue."""
    if not artist or random.happens(500):
        return no_results()
    return direct_match([CatalogueEntry(0, artist, title)], random)
