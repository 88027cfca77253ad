"""Wrong answers of the pretend LML: how often by method and confidence, and of which kinds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wxyc_sandbox.lml.catalogue import Catalogue, CatalogueEntry
from wxyc_sandbox.lml.lookup_results import has_flawless_answer
from wxyc_sandbox.lml.seeded_random import SeededRandom, fold
from wxyc_sandbox.lml.wire import Json
from wxyc_sandbox.real_world import first_release, master_of, release_cover

RATES = {
    "manual": 0.002,
    "cross_source_agreement": 0.006,
    "exact_match": 0.015,
    "name_variation": 0.03,
    "alias_match": 0.04,
    "member_group": 0.06,
    "llm": 0.08,
    "trigram": 0.12,
}
"""The share of identities that are wrong, by method, at an ordinary confidence."""
CONFIDENT, DOUBTFUL = 0.95, 0.8
COVER_RATES = ((0.95, 0.015), (0.85, 0.04), (0.0, 0.08))
"""The share of covers that are wrong, by least confidence."""

SINGLE_PER_MILLE = 770
"""Artists whom LML knows."""
STRANGER_PER_MILLE, OTHER_ARTIST_PER_MILLE = 350, 350
SAME_ARTIST_PER_MILLE, OTHER_EDITION_PER_MILLE = 400, 300
"""Kinds of mistakes; the rest are about one source of an identity, or about another album."""
MOST_TRIES = 8


def wrong_rate(method: str, confidence: float) -> float:
    """Return the share of identities with this method and confidence that are wrong."""
    factor = 0.5 if confidence >= CONFIDENT else 1.5 if confidence < DOUBTFUL else 1.0
    return factor * RATES[method]


def wrong_cover_rate(confidence: float) -> float:
    """Return the share of covers with this confidence that are wrong."""
    return next(rate for least, rate in COVER_RATES if confidence >= least)


@dataclass(frozen=True, slots=True)
class Stranger:
    """LML gives the ids of somebody who is not in the library."""


@dataclass(frozen=True, slots=True)
class OtherArtist:
    """LML gives what it knows of another artist of the library, or one id of it."""

    artist: str
    is_whole: bool


IdentityMistake = Stranger | OtherArtist


@dataclass(frozen=True, slots=True)
class Mistakes:
    """The mistakes of an LML with this seed; `share` multiplies the rates, 0 makes none."""

    seed: int
    share: float
    catalogue: Catalogue

    def about(self, artist: str, method: str, confidence: float) -> IdentityMistake | None:
        """Return the mistake that LML makes about an artist; None: it is right."""
        random = SeededRandom(self.seed, "mistake", artist)
        if not self._happens(random, wrong_rate(method, confidence)):
            return None
        kind, other = random.below(1000), self._other_artist(artist, random)
        if other is None or kind < STRANGER_PER_MILLE:
            return Stranger()
        return OtherArtist(other, is_whole=kind < STRANGER_PER_MILLE + OTHER_ARTIST_PER_MILLE)

    def covers(self, answer: Json) -> Json:
        """Return the answer of a lookup, some of its covers replaced by wrong ones."""
        if not self.share:
            return answer
        return answer | {"results": [self._with_mistake(each) for each in answer["results"]]}

    def _with_mistake(self, result: Json) -> Json:
        item, artwork = result["library_item"], result["artwork"]
        if not artwork or not artwork["release_id"]:
            return result
        random = SeededRandom(self.seed, "cover mistake", item["id"], item["artist"], item["title"])
        if not self._happens(random, wrong_cover_rate(artwork["confidence"])):
            return result
        entry = CatalogueEntry(item["id"], item["artist"], item["title"])
        return result | {"artwork": artwork | self._wrong_artwork(entry, random)}

    def _wrong_artwork(self, entry: CatalogueEntry, random: SeededRandom) -> Json:
        album = fold(entry.artist), fold(entry.title)
        kind = random.below(1000)
        others = [
            each
            for each in self.catalogue.titles(entry.artist)
            if each != album[1] and has_flawless_answer(album[0], each, self.seed)
        ]
        if others and kind < SAME_ARTIST_PER_MILLE:
            return _release(first_release(album[0], random.pick(others)))
        if (
            len(self.catalogue.find(*album)) > 1
            and kind < SAME_ARTIST_PER_MILLE + OTHER_EDITION_PER_MILLE
        ):
            return _release(other_edition(*album))
        return _release(other_album(*album)) | {"album": similar_title(entry.title, random)}

    def _other_artist(self, artist: str, random: SeededRandom) -> str | None:
        """Return another artist of the catalogue whom LML knows."""
        artists: Sequence[str] = self.catalogue.artists
        for _ in range(MOST_TRIES if len(artists) > 1 else 0):
            other = random.pick(artists)
            if other != artist and is_known(other, self.seed):
                return other
        return None

    def _happens(self, random: SeededRandom, rate: float) -> bool:
        return random.below(1_000_000) < 1_000_000 * self.share * rate


def is_known(artist: str, seed: int) -> bool:
    """Return True if LML knows the artist with this folded name, before it changes its mind."""
    return SeededRandom(seed, "artist", artist).happens(SINGLE_PER_MILLE)


def other_edition(artist: str, title: str) -> int:
    """Return a release that bears the album's names, but is another record."""
    return first_release(artist, title, "another record of that name")


def other_album(artist: str, title: str) -> int:
    """Return the release of an album whose title only resembles the record's."""
    return first_release(artist, title, "another album")


def _release(release_id: int) -> dict[str, Any]:
    return {
        "release_id": release_id,
        "release_url": f"https://www.discogs.com/release/{release_id}",
        "master_id": master_of(release_id),
        "artwork_url": release_cover(release_id),
    }


def similar_title(title: str, random: SeededRandom) -> str:
    """Return a longer title that contains the record's, as an anthology's may."""
    rest = random.pick(("Complete Sessions and Rarities", "& Other Stories, Volume Two"))
    return f"{title} {rest} {1960 + random.below(60)}-{2001 + random.below(20)}"
