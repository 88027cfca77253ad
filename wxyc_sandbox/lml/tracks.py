"""Who is on a compilation, as LML's matcher saw it."""

from collections.abc import Sequence

from wxyc_sandbox.credits import Credit
from wxyc_sandbox.lml.chance import Chance, fold
from wxyc_sandbox.lml.identities import CONFIDENCES, METHODS
from wxyc_sandbox.lml.wire import Json

RESOLVED_PER_MILLE = 700
NULL_CONFIDENCE_PER_MILLE = 30
POSITION_PER_MILLE = 600
LONG_POSITION_PER_MILLE = 8
REPEATED_PER_MILLE = 15

NOT_VISITED: Json = {"tracks_attempted": False, "tracks": []}
LONG_POSITION = "A1 (extended version, second pressing)"
SOURCES = (["discogs"], ["musicbrainz"], ["discogs", "musicbrainz"])


def attempt(credits: Sequence[Credit], *, library_id: int, seed: int) -> Json:
    """`tracks_attempted` and `tracks`: mostly both filled; `false` beside tracks also happens."""
    chance = Chance(seed, "visit", library_id)
    visited = chance.below(100)
    if visited < 5:
        return NOT_VISITED
    tracks = [
        _track(credit, _position(credit, at, chance), seed) for at, credit in enumerate(credits)
    ]
    repeats = [
        _track(credit, credit.track_position, seed, again=True)
        for credit in credits
        if chance.happens(REPEATED_PER_MILLE)
    ]
    return {"tracks_attempted": visited >= 10, "tracks": tracks + repeats}


def _track(credit: Credit, position: str | None, seed: int, *, again: bool = False) -> Json:
    chance = Chance(seed, "credit", credit.artist_name, again)
    found = chance.happens(RESOLVED_PER_MILLE)
    sure = found and not chance.happens(NULL_CONFIDENCE_PER_MILLE)
    name = _spelling(credit.artist_name, chance)
    return {
        "artist_name": credit.artist_name,
        "track_title": credit.track_title,
        "track_position": position,
        "resolved_artist_name": name if found else None,
        "confidence": chance.pick(CONFIDENCES) if sure else None,
        "method": chance.pick(METHODS) if found else None,
        "sources": chance.pick(SOURCES) if found else [],
    }


def _spelling(name: str, chance: Chance) -> str:
    match chance.below(10):
        case 0:
            return name.upper()
        case 1:
            return name.casefold()
        case 2 | 3:
            return fold(name).title()
        case _:
            return name


def _position(credit: Credit, at: int, chance: Chance) -> str | None:
    if chance.happens(LONG_POSITION_PER_MILLE):
        return LONG_POSITION
    if credit.track_position is None and chance.happens(POSITION_PER_MILLE):
        return f"{'ABCD'[at // 6 % 4]}{at % 6 + 1}"
    return credit.track_position
