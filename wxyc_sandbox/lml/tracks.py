"""The track artists of a compilation, as matched by LML."""

from collections.abc import Sequence
from functools import lru_cache

from wxyc_sandbox.credits import KNOWN_ARTISTS, Credit
from wxyc_sandbox.lml.identities import CONFIDENCES, METHODS
from wxyc_sandbox.lml.seeded_random import SeededRandom, fold
from wxyc_sandbox.lml.wire import Json

RESOLVED_PER_MILLE = 700
NULL_CONFIDENCE_PER_MILLE = 30
POSITION_PER_MILLE = 600
LONG_POSITION_PER_MILLE = 8
REPEATED_PER_MILLE = 15

NO_TRACKS: Json = {"tracks_attempted": False, "tracks": []}
LONG_POSITION = "A1 (extended version, second pressing)"
SOURCES = (["discogs"], ["musicbrainz"], ["discogs", "musicbrainz"])


def match_tracks(credits: Sequence[Credit], *, library_id: int, seed: int) -> Json:
    """Return `tracks_attempted` and `tracks`: mostly both set, sometimes `false` with tracks."""
    random = SeededRandom(seed, "visit", library_id)
    draw = random.below(100)
    if draw < 5:
        return NO_TRACKS
    tracks = [
        _track(credit, _position(credit, at, random), seed) for at, credit in enumerate(credits)
    ]
    repeats = [
        _track(credit, credit.track_position, seed, again=True)
        for credit in credits
        if random.happens(REPEATED_PER_MILLE)
    ]
    return {"tracks_attempted": draw >= 10, "tracks": tracks + repeats}


def _track(credit: Credit, position: str | None, seed: int, *, again: bool = False) -> Json:
    return {
        "artist_name": credit.artist_name,
        "track_title": credit.track_title,
        "track_position": position,
        **_match(credit.artist_name, seed, again),
    }


@lru_cache(maxsize=2 * KNOWN_ARTISTS)
def _match(artist_name: str, seed: int, again: bool) -> Json:
    random = SeededRandom(seed, "credit", artist_name, again)
    found = random.happens(RESOLVED_PER_MILLE)
    has_confidence = found and not random.happens(NULL_CONFIDENCE_PER_MILLE)
    name = _spelling(artist_name, random)
    return {
        "resolved_artist_name": name if found else None,
        "confidence": random.pick(CONFIDENCES) if has_confidence else None,
        "method": random.pick(METHODS) if found else None,
        "sources": random.pick(SOURCES) if found else [],
    }


def _spelling(name: str, random: SeededRandom) -> str:
    match random.below(10):
        case 0:
            return name.upper()
        case 1:
            return name.casefold()
        case 2 | 3:
            return fold(name).title()
        case _:
            return name


def _position(credit: Credit, at: int, random: SeededRandom) -> str | None:
    if random.happens(LONG_POSITION_PER_MILLE):
        return LONG_POSITION
    if credit.track_position is None and random.happens(POSITION_PER_MILLE):
        return f"{'ABCD'[at // 6 % 4]}{at % 6 + 1}"
    return credit.track_position
