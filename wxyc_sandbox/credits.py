"""The track credits of a compilation, shared by the Backend's tables and the pretend LML."""

import math
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from wxyc_sandbox import names

MOST_CREDITS = 2_364
MOST_CHARACTERS = 255
COMPILATIONS = 8_192
"""Kept in memory: those of a station at scale 1 (36 MiB), for its tables and for LML."""
KNOWN_ARTISTS = 20_000
TITLES = 100_000

# A log-normal whose mean is about 56 and whose 99th percentile is about 483.
MEDIAN_LOG = math.log(25.6)
SPREAD = 1.277

_artist = lru_cache(maxsize=KNOWN_ARTISTS)(names.artist)
_title = lru_cache(maxsize=TITLES)(names.title)


@dataclass(frozen=True, slots=True)
class Credit:
    """A track credit of a compilation."""

    artist_name: str
    track_title: str | None
    track_position: str | None


@lru_cache(maxsize=COMPILATIONS)
def credits(library_id: int, seed: int) -> tuple[Credit, ...]:
    """Return 1 to 2,364 credits (56 on average) without a repeated (artist, title).

    Four in five have no position. Low artist numbers are the most frequent, so that a small library
    contains some of the credited artists.
    """
    random = Random(f"{seed} {library_id}")
    count = round(random.lognormvariate(MEDIAN_LOG, SPREAD))
    count = min(max(count, 1), MOST_CREDITS)
    draw = random.random
    found: dict[tuple[str, str | None], Credit] = {}
    while len(found) < count:
        name = _artist_name(int(KNOWN_ARTISTS * draw() ** 4), draw())
        title = _title(int(TITLES * draw())) if draw() > 0.03 else None
        position = _position(len(found), draw()) if draw() < 0.2 else None
        found.setdefault((name, title), Credit(name, title, position))
    return tuple(found.values())


def _artist_name(number: int, draw: float) -> str:
    name = _artist(number)
    if draw > 0.02:
        return name
    credited = f"{name} feat. {_artist(number + 1)}"[:MOST_CHARACTERS]
    return credited.ljust(MOST_CHARACTERS, ".") if draw < 0.001 else credited


def _position(index: int, draw: float) -> str:
    if draw < 0.5:
        return f"{index // 20 + 1}-{index % 20 + 1:02}"
    if draw < 0.9:
        return f"{'ABCD'[index // 6 % 4]}{index % 6 + 1}"
    return "Disc 12, Side B, 001"
