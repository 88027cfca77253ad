"""Covers as pictures, for a browser: well-formed, and with the words of their album."""

from xml.etree import ElementTree

import httpx
import pytest

from wxyc_assets.domain.web_addresses import through_proxy
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.covers import SPACER
from wxyc_sandbox.lml.seeded_random import fold
from wxyc_sandbox.real_world import first_release, release_cover

CATALOGUE = [
    (7, "Cat Power", "Moon Pix"),
    (8, "Stereolab & Nurse With Wound", "<Simple Headphone Mind>\x0b"),
]
PROXY = "http://lml/covers"


def cover_of(artist: str, title: str) -> str:
    """Return the address of the album's cover, as LML gives it."""
    return release_cover(first_release(fold(artist), fold(title)))


async def words(url: str) -> str:
    """Return what is written on the picture of a cover."""
    transport = httpx.ASGITransport(PretendLml(AT_ONCE, CATALOGUE))
    async with httpx.AsyncClient(transport=transport) as browser:
        answer = await browser.get(through_proxy(url, PROXY))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    return " ".join(ElementTree.fromstring(answer.content).itertext())


@pytest.mark.parametrize(
    ("artist", "title", "written"),
    [
        ("Cat Power", "Moon Pix", "Cat Power Moon Pix"),
        (*CATALOGUE[1][1:], "Stereolab & Nurse With Wound <Simple Headphone Mind>"),
    ],
)
async def test_a_cover_bears_its_album(artist: str, title: str, written: str) -> None:
    assert await words(cover_of(artist, title)) == written


async def test_any_other_picture_is_drawn_as_well() -> None:
    assert await words(release_cover(4711)) == "Cover 4711"
    assert await words(SPACER) == "Cover"


async def test_pictures_are_not_counted_as_calls() -> None:
    lml = PretendLml(AT_ONCE, CATALOGUE)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(lml)) as browser:
        url = through_proxy(SPACER, PROXY)
        assert (await browser.get(url)).status_code == 200
        assert (await browser.post(url)).status_code == 405
    assert lml.counters.calls.total() == 0
