"""Identities that the previous job and librarians left for a part of the library."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

CONSUMER_NOTES = "consumer:lml-bulk"
METHODS = ("exact_match", "cross_source_agreement", "name_variation", "alias_match", "trigram")
CHECKED_BY_HAND, FROM_ELSEWHERE = 8, 6


@dataclass(frozen=True, slots=True)
class Identity:
    """A row of `library_identity` with its external ids by source."""

    library_id: int
    method: str
    confidence: float
    verified_at: datetime
    notes: str | None
    external_ids: dict[str, str]


def identities(ids: list[int], now: datetime, random: Random) -> Iterator[Identity]:
    """Yield one identity per library id, verified 40 to 200 days before `now`.

    `CHECKED_BY_HAND` of them are manual, `FROM_ELSEWHERE` come from another writer.
    """
    chosen = random.sample(ids, min(CHECKED_BY_HAND + FROM_ELSEWHERE, len(ids)))
    by_hand, elsewhere = set(chosen[:CHECKED_BY_HAND]), set(chosen[CHECKED_BY_HAND:])
    for id in ids:
        method, notes = random.choice(METHODS), CONSUMER_NOTES
        if id in by_hand:
            method, notes = "manual", "looked up by the music director"
        elif id in elsewhere:
            notes = random.choice((None, "from the card index"))
        yield Identity(
            library_id=id,
            method=method,
            confidence=round(random.uniform(0.6, 1), 2),
            verified_at=now - timedelta(days=random.uniform(40, 200)),
            notes=notes,
            external_ids=_external_ids(random),
        )


def _external_ids(random: Random) -> dict[str, str]:
    """Return one to four external ids of an artist, by source."""
    number = random.randrange(1, 9_000_000)
    ids = {
        "discogs": str(number),
        "musicbrainz": str(UUID(int=random.getrandbits(128), version=4)),
        "wikidata": f"Q{number}",
        "spotify": f"{random.getrandbits(128):022x}"[:22],
        "apple_music": str(100_000_000 + number),
        "bandcamp": f"artist-{number}",
    }
    sources = random.sample([*ids], random.randint(1, 4))
    return {source: ids[source] for source in sources}
