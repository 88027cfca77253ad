"""LML's knowledge about an artist: the same for every row with the same folded name."""

import re
import struct
from collections.abc import Callable, Sequence

from wxyc_sandbox.lml.seeded_random import SeededRandom
from wxyc_sandbox.lml.wire import Json

SINGLE_PER_MILLE = 770
CHANGING_PER_MILLE = 50
AGREEMENT_PER_MILLE = 600
NULL_CONFIDENCE_PER_MILLE = 15
NULL_EXTERNAL_ID_PER_MILLE = 4

METHODS = (
    *("exact_match",) * 8,
    *("name_variation",) * 4,
    *("alias_match",) * 2,
    *("trigram",) * 2,
    "member_group",
    "llm",
    "manual",
)

NOT_IN_A_SLUG = re.compile("[^a-z0-9]")


def as_float4(value: float) -> float:
    """Return the value rounded to a 4-byte float: 0.9 becomes 0.8999999761581421."""
    return struct.unpack("f", struct.pack("f", value))[0]


CONFIDENCES = tuple(as_float4(hundredths / 100) for hundredths in range(70, 101))
AGREEMENT_FLOOR = as_float4(0.95)


def _number(random: SeededRandom, artist: str) -> str:
    return str(1 + random.below(9_000_000))


def _uuid(random: SeededRandom, artist: str) -> str:
    digits = random.hexadecimal(32)
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _qid(random: SeededRandom, artist: str) -> str:
    return f"Q{1 + random.below(130_000_000)}"


def _spotify(random: SeededRandom, artist: str) -> str:
    return random.hexadecimal(22)


def _bandcamp(random: SeededRandom, artist: str) -> str:
    return f"{NOT_IN_A_SLUG.sub('', artist)}{random.below(100)}"


IdFactory = Callable[[SeededRandom, str], str]
SOURCES: tuple[tuple[str, str, int, IdFactory], ...] = (  # source, key of `main`, per mille, id
    ("discogs", "discogs_artist_id", 940, _number),
    ("musicbrainz", "musicbrainz_artist_id", 720, _uuid),
    ("wikidata", "wikidata_qid", 450, _qid),
    ("spotify", "spotify_artist_id", 520, _spotify),
    ("apple_music", "apple_music_artist_id", 400, _number),
    ("bandcamp", "bandcamp_id", 250, _bandcamp),
)
NO_IDS: Json = {key: None for _, key, _, _ in SOURCES}


def _known_sources(number: int) -> Sequence[tuple[str, str, int, IdFactory]]:
    """Return the sources that know an artist; at least one."""
    random = SeededRandom("fame", number)
    return [source for source in SOURCES if random.happens(source[2])] or SOURCES[:1]


def _source_entry(number: int) -> tuple[str, float | None, bool]:
    """Return the method and confidence of a source, and True if it gives an id."""
    random = SeededRandom("grade", number)
    if random.happens(NULL_CONFIDENCE_PER_MILLE):
        return random.pick(METHODS), None, True
    has_id = not random.happens(NULL_EXTERNAL_ID_PER_MILLE)
    return random.pick(METHODS), random.pick(CONFIDENCES), has_id


SOURCE_SETS = [_known_sources(number) for number in range(1000)]
SOURCE_ENTRIES = [_source_entry(number) for number in range(4000)]
"""Precomputed, so that an artist needs few draws."""


def identify(artist: str, *, seed: int, generation: int) -> Json | None:
    """Return `main`, `method`, `confidence` and `provenance`; None if unresolved.

    `artist` is a folded name.
    """
    random = SeededRandom(seed, "artist", artist)
    resolved = random.happens(SINGLE_PER_MILLE)
    changes = random.happens(CHANGING_PER_MILLE)
    if generation and changes:
        random = SeededRandom(seed, "artist", artist, generation)
        resolved = random.happens(SINGLE_PER_MILLE) if resolved else generation % 2 == 1
    return _single_artist(random, artist) if resolved else None


def _single_artist(random: SeededRandom, artist: str) -> Json:
    provenance: list[Json] = []
    main: Json = NO_IDS.copy()
    for source, key, _, make_id in random.pick(SOURCE_SETS):
        method, confidence, has_id = random.pick(SOURCE_ENTRIES)
        external_id = make_id(random, artist) if has_id or not provenance else None
        main[key] = int(external_id) if external_id and source == "discogs" else external_id
        entry = {
            "source": source,
            "method": method,
            "confidence": confidence,
            "external_id": external_id,
        }
        provenance.append(entry)
    if not any(entry["confidence"] and entry["external_id"] for entry in provenance):
        provenance[0]["confidence"] = CONFIDENCES[-1]  # an identity has a source to write
    return {"main": main, **_decision(random, provenance), "provenance": provenance}


def _decision(random: SeededRandom, provenance: list[Json]) -> Json:
    """Return method and confidence: those of the weakest entry, unless several sources agree."""
    weakest = min(provenance, key=lambda entry: entry["confidence"] or 1.0)
    confidence: float = weakest["confidence"] or CONFIDENCES[-1]
    if len(provenance) > 1 and random.happens(AGREEMENT_PER_MILLE):
        agreed = max(AGREEMENT_FLOOR, confidence)
        return {"method": "cross_source_agreement", "confidence": agreed}
    return {"method": weakest["method"], "confidence": confidence}
