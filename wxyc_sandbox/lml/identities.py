"""What LML knows about an artist: the same for every row that carries the name."""

import re
import struct
from collections.abc import Callable, Sequence

from wxyc_sandbox.lml.chance import Chance
from wxyc_sandbox.lml.wire import Json

SINGLE_PER_MILLE = 770
FICKLE_PER_MILLE = 50
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
    """The value after a stay in a 4-byte column: 0.9 comes back as 0.8999999761581421."""
    return struct.unpack("f", struct.pack("f", value))[0]


CONFIDENCES = tuple(as_float4(hundredths / 100) for hundredths in range(70, 101))
AGREEMENT_FLOOR = as_float4(0.95)


def _number(chance: Chance, artist: str) -> str:
    return str(1 + chance.below(9_000_000))


def _uuid(chance: Chance, artist: str) -> str:
    digits = chance.hexadecimal(32)
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _qid(chance: Chance, artist: str) -> str:
    return f"Q{1 + chance.below(130_000_000)}"


def _spotify(chance: Chance, artist: str) -> str:
    return chance.hexadecimal(22)


def _bandcamp(chance: Chance, artist: str) -> str:
    return f"{NOT_IN_A_SLUG.sub('', artist)}{chance.below(100)}"


Sketch = Callable[[Chance, str], str]
SOURCES: tuple[tuple[str, str, int, Sketch], ...] = (  # source, key of `main`, per mille, id
    ("discogs", "discogs_artist_id", 940, _number),
    ("musicbrainz", "musicbrainz_artist_id", 720, _uuid),
    ("wikidata", "wikidata_qid", 450, _qid),
    ("spotify", "spotify_artist_id", 520, _spotify),
    ("apple_music", "apple_music_artist_id", 400, _number),
    ("bandcamp", "bandcamp_id", 250, _bandcamp),
)
NO_IDS: Json = {key: None for _, key, _, _ in SOURCES}


def _fame(number: int) -> Sequence[tuple[str, str, int, Sketch]]:
    """The sources that know an artist."""
    chance = Chance("fame", number)
    return [source for source in SOURCES if chance.happens(source[2])] or SOURCES[:1]


def _grade(number: int) -> tuple[str, float | None, bool]:
    """How well a source knows an artist: method, confidence, and whether it gives an id."""
    chance = Chance("grade", number)
    if chance.happens(NULL_CONFIDENCE_PER_MILLE):
        return chance.pick(METHODS), None, True
    named = not chance.happens(NULL_EXTERNAL_ID_PER_MILLE)
    return chance.pick(METHODS), chance.pick(CONFIDENCES), named


FAMES = [_fame(number) for number in range(1000)]
GRADES = [_grade(number) for number in range(4000)]
"""Drawn once, so that an artist costs few draws."""


def identify(artist: str, *, seed: int, generation: int) -> Json | None:
    """`main`, `method`, `confidence` and `provenance` of a folded name; None when unresolved."""
    chance = Chance(seed, "artist", artist)
    resolved = chance.happens(SINGLE_PER_MILLE)
    fickle = chance.happens(FICKLE_PER_MILLE)
    if generation and fickle:
        chance = Chance(seed, "artist", artist, generation)
        resolved = chance.happens(SINGLE_PER_MILLE) if resolved else generation % 2 == 1
    return _single_artist(chance, artist) if resolved else None


def _single_artist(chance: Chance, artist: str) -> Json:
    provenance: list[Json] = []
    main: Json = NO_IDS.copy()
    for source, key, _, sketch in chance.pick(FAMES):
        method, confidence, named = chance.pick(GRADES)
        external_id = sketch(chance, artist) if named or not provenance else None
        main[key] = int(external_id) if external_id and source == "discogs" else external_id
        entry = {
            "source": source,
            "method": method,
            "confidence": confidence,
            "external_id": external_id,
        }
        provenance.append(entry)
    return {"main": main, **_verdict(chance, provenance), "provenance": provenance}


def _verdict(chance: Chance, provenance: list[Json]) -> Json:
    """The weakest entry speaks for all, unless several sources agree."""
    weakest = min(provenance, key=lambda entry: entry["confidence"] or 1.0)
    confidence: float = weakest["confidence"] or CONFIDENCES[-1]
    if len(provenance) > 1 and chance.happens(AGREEMENT_PER_MILLE):
        agreed = max(AGREEMENT_FLOOR, confidence)
        return {"method": "cross_source_agreement", "confidence": agreed}
    return {"method": weakest["method"], "confidence": confidence}
