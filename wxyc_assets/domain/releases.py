"""The Discogs release of a record, from the answer to its lookup."""

from collections.abc import Mapping
from dataclasses import dataclass

from wxyc_assets.domain.artwork import Album, Found, NoCover, NoCoverReason, Rules, match_release

MOST_ID = 2**31 - 1
"""The largest value of the columns that hold a release."""


@dataclass(frozen=True, slots=True)
class Release:
    """The release of a record, with its artist and title as LML gave them."""

    release_id: int
    artist_name: str
    album_title: str
    confidence: float
    canonical_entity: str
    """`discogs:master:N`, which all pressings share, or `discogs:release:N` without a master."""
    streaming: Mapping[str, str]
    """Links to the album on streaming services, by service."""


def release_of(found: Found, album: Album, rules: Rules) -> Release | NoCoverReason:
    """Return the release of an album, or the first rule that stands against it.

    Always by the careful match, whatever the one for covers is: a wrong cover can be seen, a wrong
    id cannot.
    """
    picture = match_release(found, album, rules)
    if isinstance(picture, NoCover):
        return picture.reason
    if picture.release_id > MOST_ID:
        return NoCoverReason.NO_ARTWORK
    has_master = 0 < picture.master_id <= MOST_ID
    kind, number = ("master", picture.master_id) if has_master else ("release", picture.release_id)
    return Release(
        release_id=picture.release_id,
        artist_name=picture.artist or "",
        album_title=picture.album or "",
        confidence=picture.confidence or 0.0,
        canonical_entity=f"discogs:{kind}:{number}",
        streaming=picture.streaming,
    )
