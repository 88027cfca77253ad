"""Identities that the previous job and librarians left for a part of the library."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from wxyc_sandbox.lml.mistakes import wrong_rate
from wxyc_sandbox.real_world import artist_ids

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


def identities(
    artists: Mapping[int, str], now: datetime, random: Random, mistakes: float
) -> Iterator[Identity]:
    """Yield one identity per library id, verified 40 to 200 days before `now`.

    `artists` are their folded names. `CHECKED_BY_HAND` identities are manual, `FROM_ELSEWHERE` come
    from another writer. `mistakes` multiplies the rates at which they are a stranger's.
    """
    ids = [*artists]
    chosen = random.sample(ids, min(CHECKED_BY_HAND + FROM_ELSEWHERE, len(ids)))
    by_hand, elsewhere = set(chosen[:CHECKED_BY_HAND]), set(chosen[CHECKED_BY_HAND:])
    for id in ids:
        method, notes = random.choice(METHODS), CONSUMER_NOTES
        if id in by_hand:
            method, notes = "manual", "looked up by the music director"
        elif id in elsewhere:
            notes = random.choice((None, "from the card index"))
        confidence = round(random.uniform(0.6, 1), 2)
        is_wrong = random.random() < mistakes * wrong_rate(method, confidence)
        artist = (artists[id], "a stranger") if is_wrong else (artists[id],)
        yield Identity(
            library_id=id,
            method=method,
            confidence=confidence,
            verified_at=now - timedelta(days=random.uniform(40, 200)),
            notes=notes,
            external_ids=_some_of(artist_ids(*artist), random),
        )


def _some_of(ids: dict[str, str], random: Random) -> dict[str, str]:
    """Return one to four of an artist's external ids, by source."""
    sources = random.sample([*ids], random.randint(1, 4))
    return {source: ids[source] for source in sources}
