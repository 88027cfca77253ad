"""The real world behind the sandbox: external ids of artists, releases of albums, and their covers.

It depends on names alone. What the pretend LML knows of it, and says about it, is another matter.
"""

import re

from wxyc_sandbox.lml.covers import discogs_image
from wxyc_sandbox.lml.seeded_random import SeededRandom

SPARE_RELEASES = 16
"""Release ids of an album follow each other; this many are set aside for each."""
NOT_IN_A_SLUG = re.compile("[^a-z0-9]")


def artist_ids(*key: object) -> dict[str, str]:
    """Return an artist's external id in each of the six sources.

    `key` identifies the artist: the name as LML folds it, or more for a namesake.
    """
    random = SeededRandom("external ids", *key)
    mbid = random.hexadecimal(32)
    slug = NOT_IN_A_SLUG.sub("", str(key[0]))
    return {
        "discogs": str(1 + random.below(900_000_000)),
        "musicbrainz": f"{mbid[:8]}-{mbid[8:12]}-{mbid[12:16]}-{mbid[16:20]}-{mbid[20:]}",
        "wikidata": f"Q{1 + random.below(900_000_000)}",
        "spotify": random.hexadecimal(22),
        "apple_music": str(1 + random.below(1_900_000_000)),
        "bandcamp": f"{slug}{random.below(1_000_000_000)}",
    }


def first_release(*album: str) -> int:
    """Return the Discogs release of an album's first format; the other formats follow it."""
    return 1 + SPARE_RELEASES * SeededRandom("releases", *album).below(50_000_000)


def master_of(release_id: int) -> int:
    """Return the Discogs master that all releases of an album share."""
    return 1 + (release_id - 1) // SPARE_RELEASES


def release_cover(release_id: int) -> str:
    """Return the URL of a release's cover."""
    return discogs_image(SeededRandom("cover", release_id), "R", release_id)
