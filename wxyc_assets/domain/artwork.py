"""The choice of a record's release and cover from the result of a lookup.

The rules are "a single high-confidence match" in docs/contracts/lml.md ("POST /api/v1/lookup"), in
its order: the first one that fails is the reason.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from wxyc_assets.domain.web_addresses import discogs_address, is_https, is_web_address

RULES_VERSION = 1
"""The version of the rules on this page. A change to what they decide raises it: the next run then
decides again from the answers that it has, and `wxyc-assets replay` shows the difference."""
CONFIDENCE_TOLERANCE = 1e-6
MOST_CHARACTERS = 512
"""The length of `library.artwork_url`."""

NUMBERED = re.compile(r" \(\d+\)$")
COMBINING = re.compile("[\u0300-\u036f]")
PLACEHOLDER = "spacer.gif"
NOT_A_COVER = re.compile(r"discogs-(?:database-)?images/[AL]-")


class NoCoverReason(StrEnum):
    """The reason why a lookup brings no cover."""

    UNKNOWN = "unknown"
    """LML could not say: a timeout, a degraded answer, or nothing while its breaker was open."""
    NOT_DIRECT = "not_direct"
    NO_ROW = "no_row"
    SEVERAL_ROWS = "several_rows"
    NO_ARTWORK = "no_artwork"
    STREAMING_ONLY = "streaming_only"
    BELOW_FLOOR = "below_floor"
    NAME_MISMATCH = "name_mismatch"
    NOT_HTTPS = "not_https"
    PLACEHOLDER = "placeholder"
    NOT_A_COVER = "not_a_cover"
    TOO_LONG = "too_long"


class Eligibility(StrEnum):
    """The records for which covers are looked up; each case includes the ones before."""

    DISCOGS_ARTIST = "discogs_artist"
    IDENTITY = "identity"
    ALL = "all"


class Match(StrEnum):
    """The way a result is matched; `first` is the legacy rule, the first result unchecked."""

    CAREFUL = "careful"
    FIRST = "first"


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules for accepting a picture as a cover."""

    min_confidence: float = 0.8
    match: Match = Match.CAREFUL
    version: int = RULES_VERSION

    @property
    def least_confidence(self) -> float:
        """The floor less a tolerance: LML's 0.9 is a 4-byte float, served as 0.8999999761581421."""
        return self.min_confidence - CONFIDENCE_TOLERANCE


@dataclass(frozen=True, slots=True)
class CoverScope:
    """The records for which a run wants covers, and its rules for accepting them."""

    eligibility: Eligibility = Eligibility.DISCOGS_ARTIST
    rules: Rules = Rules()
    retry_days: float = 30


@dataclass(frozen=True, slots=True)
class Album:
    """A record in the form in which its cover is looked up."""

    library_id: int
    artist_name: str
    album_title: str
    legacy_release_id: int


@dataclass(frozen=True, slots=True)
class ShownCover:
    """A record with its cover, for display."""

    artist_name: str
    album_title: str
    url: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A release and its picture, as LML found them; None for what it left out."""

    artist: str | None
    album: str | None
    release_id: int
    url: str | None
    confidence: float | None
    master_id: int = 0
    streaming: Mapping[str, str] = field(default_factory=dict[str, str])
    """Links to the album on streaming services, by service."""


@dataclass(frozen=True, slots=True)
class Result:
    """One result of a lookup, by the legacy id of its record; 0 is not a library record."""

    legacy_release_id: int
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to one lookup."""

    results: tuple[Result, ...]
    search_type: str
    is_incomplete: bool
    """LML ran out of time, or worked without its sources."""

    @property
    def is_empty(self) -> bool:
        """True without any picture, which is also LML's answer while its breaker is open."""
        return not any(each.picture and each.picture.url for each in self.results)


@dataclass(frozen=True, slots=True)
class Cover:
    """The picture to write, and LML's confidence in its release."""

    url: str
    confidence: float | None


@dataclass(frozen=True, slots=True)
class NoCover:
    """The reason against a cover, and the confidence if a release was examined."""

    reason: NoCoverReason
    confidence: float | None = None


Choice = Cover | NoCover


def choose(found: Found, album: Album, rules: Rules) -> Choice:
    """Return the cover of the album, or the first rule that it breaks."""
    if rules.match is Match.FIRST and not found.is_incomplete:
        return _choose_first(found)
    match match_release(found, album, rules):
        case Picture() as picture:
            return _choose_cover(picture)
        case NoCover() as no_cover:
            return no_cover


def match_release(found: Found, album: Album, rules: Rules) -> Picture | NoCover:
    """Return the release that is the album, whatever its picture, or the first rule it breaks."""
    if found.is_incomplete:
        return NoCover(NoCoverReason.UNKNOWN)
    if found.search_type != "direct":
        return NoCover(NoCoverReason.NOT_DIRECT)
    mine = [each for each in found.results if each.legacy_release_id == album.legacy_release_id]
    match mine:
        case []:
            return NoCover(NoCoverReason.NO_ROW)
        case [Result(picture=Picture() as picture)]:
            obstacle = _release_obstacle(picture, album, rules)
            return NoCover(obstacle, picture.confidence) if obstacle else picture
        case [_]:
            return NoCover(NoCoverReason.NO_ARTWORK)
        case _:
            return NoCover(NoCoverReason.SEVERAL_ROWS)


def _choose_first(found: Found) -> Choice:
    picture = found.results[0].picture if found.results else None
    if picture is None or not picture.url:
        return NoCover(NoCoverReason.NO_ARTWORK)
    if not is_web_address(picture.url):
        return NoCover(NoCoverReason.NOT_HTTPS, picture.confidence)
    if PLACEHOLDER in picture.url:
        return NoCover(NoCoverReason.PLACEHOLDER, picture.confidence)
    return Cover(picture.url, picture.confidence)


def _choose_cover(picture: Picture) -> Choice:
    if not picture.url:
        return NoCover(NoCoverReason.NO_ARTWORK, picture.confidence)
    obstacle = url_obstacle(picture.url)
    if obstacle is not None:
        return NoCover(obstacle, picture.confidence)
    return Cover(picture.url, picture.confidence)


def _release_obstacle(picture: Picture, album: Album, rules: Rules) -> NoCoverReason | None:
    if picture.release_id <= 0:
        return NoCoverReason.STREAMING_ONLY
    if picture.confidence is None or not picture.confidence >= rules.least_confidence:
        return NoCoverReason.BELOW_FLOOR
    if not agree(picture.artist, album.artist_name) or not agree(picture.album, album.album_title):
        return NoCoverReason.NAME_MISMATCH
    return None


def url_obstacle(url: str) -> NoCoverReason | None:
    """Return the reason why this address is none of a cover that may be written."""
    if not is_https(url):
        return NoCoverReason.NOT_HTTPS
    if PLACEHOLDER in url:
        return NoCoverReason.PLACEHOLDER
    if NOT_A_COVER.search(url) or NOT_A_COVER.search(discogs_address(url)):
        return NoCoverReason.NOT_A_COVER
    return NoCoverReason.TOO_LONG if len(url) > MOST_CHARACTERS else None


def agree(found: str | None, asked: str) -> bool:
    """Return True if the normalized names are equal, or one contains the other."""
    ours, theirs = normalized(asked), normalized(found or "")
    return bool(ours and theirs) and (ours in theirs or theirs in ours)


def normalized(name: str) -> str:
    """Return a name without case, marks, runs of spaces and Discogs' namesake number: ` (2)`."""
    if not name.isascii():
        name = COMBINING.sub("", unicodedata.normalize("NFD", name))
    return NUMBERED.sub("", " ".join(name.casefold().split()))
