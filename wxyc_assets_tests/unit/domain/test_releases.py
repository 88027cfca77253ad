from dataclasses import replace

import pytest

from wxyc_assets.domain.artwork import Album, Found, Match, NoCoverReason, Picture, Result, Rules
from wxyc_assets.domain.releases import MOST_ID, Release, release_of

MOON_PIX = Album(1, "Cat Power", "Moon Pix", 50_001)
LINKS = {"spotify": "https://open.spotify.com/album/1"}
PICTURE = Picture("Cat Power (2)", "Moon Pix (LP)", 242, None, 0.9, 77, LINKS)
RELEASE = Release(242, "Cat Power (2)", "Moon Pix (LP)", 0.9, "discogs:master:77", LINKS)


def found(picture: Picture | None = PICTURE, **changes: object) -> Found:
    usual = {"search_type": "direct", "is_incomplete": False}
    return Found((Result(50_001, picture),), **usual | changes)  # pyright: ignore[reportArgumentType]


def test_a_release_needs_no_picture_and_keeps_lmls_words() -> None:
    assert release_of(found(), MOON_PIX, Rules()) == RELEASE


@pytest.mark.parametrize("master_id", [0, -1, MOST_ID + 1])
def test_without_a_master_the_release_is_the_canonical_entity(master_id: int) -> None:
    release = release_of(found(replace(PICTURE, master_id=master_id)), MOON_PIX, Rules())
    assert release == replace(RELEASE, canonical_entity="discogs:release:242")


@pytest.mark.parametrize("match", Match)
@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (found(is_incomplete=True), NoCoverReason.UNKNOWN),
        (found(search_type="fallback"), NoCoverReason.NOT_DIRECT),
        (found(None), NoCoverReason.NO_ARTWORK),
        (found(replace(PICTURE, release_id=0)), NoCoverReason.STREAMING_ONLY),
        (found(replace(PICTURE, release_id=MOST_ID + 1)), NoCoverReason.NO_ARTWORK),
        (found(replace(PICTURE, confidence=0.7)), NoCoverReason.BELOW_FLOOR),
        (found(replace(PICTURE, artist="Smog")), NoCoverReason.NAME_MISMATCH),
    ],
)
def test_a_release_is_a_careful_match_whatever_the_one_for_covers(
    said: Found, reason: NoCoverReason, match: Match
) -> None:
    assert release_of(said, MOON_PIX, Rules(match=match)) is reason


def test_the_floor_decides() -> None:
    below = found(replace(PICTURE, confidence=0.7))
    assert isinstance(release_of(below, MOON_PIX, Rules(min_confidence=0.7)), Release)
