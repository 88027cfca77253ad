"""LML's knowledge about an artist: the same for every row with the same folded name."""

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from wxyc_sandbox.lml.mistakes import SINGLE_PER_MILLE, Mistakes, OtherArtist, Stranger
from wxyc_sandbox.lml.seeded_random import SeededRandom
from wxyc_sandbox.lml.wire import Json
from wxyc_sandbox.real_world import artist_ids

CHANGING_PER_MILLE = 50
RIGHT_AFTER_ALL_PER_MILLE = 300
"""Of the artists about whom LML has changed its mind."""
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


def as_float4(value: float) -> float:
    """Return the value rounded to a 4-byte float: 0.9 becomes 0.8999999761581421."""
    return struct.unpack("f", struct.pack("f", value))[0]


CONFIDENCES = tuple(as_float4(hundredths / 100) for hundredths in range(70, 101))
AGREEMENT_FLOOR = as_float4(0.95)


Source = tuple[str, str, int]
SOURCES: tuple[Source, ...] = (  # its name, its key in `main`, per mille of the artists
    ("discogs", "discogs_artist_id", 940),
    ("musicbrainz", "musicbrainz_artist_id", 720),
    ("wikidata", "wikidata_qid", 450),
    ("spotify", "spotify_artist_id", 520),
    ("apple_music", "apple_music_artist_id", 400),
    ("bandcamp", "bandcamp_id", 250),
)
NO_IDS: Json = {key: None for _, key, _ in SOURCES}


def _known_sources(number: int) -> Sequence[Source]:
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


class Claim(NamedTuple):
    """LML's claim about a source of an artist, but for the id."""

    source: str
    key: str
    method: str
    confidence: float | None
    has_id: bool

    @property
    def is_writable(self) -> bool:
        return self.has_id and self.confidence is not None


def identify(artist: str, mistakes: Mistakes, *, generation: int) -> Json | None:
    """Return `main`, `method`, `confidence` and `provenance`; None if unresolved.

    `artist` is a folded name.
    """
    seed = mistakes.seed
    random = SeededRandom(seed, "artist", artist)
    resolved = random.happens(SINGLE_PER_MILLE)
    changes = random.happens(CHANGING_PER_MILLE)
    if not (generation and changes):
        return _single_artist(random, artist, mistakes) if resolved else None
    random = SeededRandom(seed, "artist", artist, generation)
    resolved = random.happens(SINGLE_PER_MILLE) if resolved else generation % 2 == 1
    if random.happens(RIGHT_AFTER_ALL_PER_MILLE):
        return _single_artist(random, artist, mistakes) if resolved else None
    ids = artist_ids(artist, "in generation", generation)
    return _answer(ids, *_claims(random)) if resolved else None


def _single_artist(random: SeededRandom, artist: str, mistakes: Mistakes) -> Json:
    claims, decision = _claims(random)
    match mistakes.about(artist, *decision):
        case None:
            return _answer(artist_ids(artist), claims, decision)
        case Stranger():
            return _answer(artist_ids(artist, "a stranger"), claims, decision)
        case OtherArtist(other, is_whole):
            theirs = _claims_about(other, mistakes.seed)
            common = _writable(claims) & _writable(theirs)
            if is_whole or not common:
                return _answer(artist_ids(other), theirs, decision)
            source = random.pick(sorted(common))
            ids = artist_ids(artist) | {source: artist_ids(other)[source]}
            return _answer(ids, claims, decision)


def _claims_about(artist: str, seed: int) -> list[Claim]:
    """Return what LML would claim about an artist whom it knows."""
    random = SeededRandom(seed, "artist", artist)
    random.happens(SINGLE_PER_MILLE)
    random.happens(CHANGING_PER_MILLE)
    return _claims(random)[0]


def _writable(claims: Sequence[Claim]) -> set[str]:
    return {each.source for each in claims if each.is_writable}


def _claims(random: SeededRandom) -> tuple[list[Claim], tuple[str, float]]:
    """Return the claims about an artist, with method and confidence of the decision."""
    claims = [
        Claim(source, key, *random.pick(SOURCE_ENTRIES))
        for source, key, _ in random.pick(SOURCE_SETS)
    ]
    claims[0] = claims[0]._replace(has_id=True)
    if not any(each.is_writable for each in claims):
        claims[0] = claims[0]._replace(confidence=CONFIDENCES[-1])  # a source to write
    return claims, _decision(random, claims)


def _answer(ids: Mapping[str, str], claims: list[Claim], decision: tuple[str, float]) -> Json:
    main: Json = NO_IDS.copy()
    provenance: list[Json] = []
    for source, key, method, confidence, has_id in claims:
        external_id = ids[source] if has_id else None
        main[key] = int(external_id) if external_id and source == "discogs" else external_id
        provenance.append(
            {
                "source": source,
                "method": method,
                "confidence": confidence,
                "external_id": external_id,
            }
        )
    method, confidence = decision
    return {"main": main, "method": method, "confidence": confidence, "provenance": provenance}


def _decision(random: SeededRandom, claims: list[Claim]) -> tuple[str, float]:
    """Return method and confidence: those of the weakest claim, unless several sources agree."""
    weakest = min(claims, key=lambda claim: claim.confidence or 1.0)
    confidence = weakest.confidence or CONFIDENCES[-1]
    if len(claims) > 1 and random.happens(AGREEMENT_PER_MILLE):
        return "cross_source_agreement", max(AGREEMENT_FLOOR, confidence)
    return weakest.method, confidence
