"""Covers as a Markdown table, for people to look at."""

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote

from wxyc_assets.domain.artwork import ShownCover
from wxyc_assets.domain.web_addresses import through_proxy

PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
SAFE_IN_URL = "/:?&=#%,+@"
DIRECTION_MARKS = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}


def contact_sheet(covers: Iterable[ShownCover], proxy: str = "") -> str:
    """Return one row per cover; nothing in a name or a URL can break out of its cell."""
    rows = [
        f"| {picture(each.url, proxy)} | {plain(each.artist_name)} | {plain(each.album_title)} |"
        for each in covers
    ]
    return "\n".join(["| Cover | Artist | Title |", "|---|---|---|", *rows])


def picture(url: str, proxy: str = "") -> str:
    """Return the picture as Markdown; a URL that is not https is shown as text."""
    if not url.startswith("https://"):
        return plain(url)
    address = quote(through_proxy(url, proxy), safe=SAFE_IN_URL, errors="replace")
    return f"![cover]({address})"


def plain(text: str) -> str:
    """Return the text escaped, so that Markdown leaves it as it is."""
    visible = "".join(each for each in " ".join(text.split()) if _is_harmless(each))
    return PUNCTUATION.sub(r"\\\1", visible)


def _is_harmless(character: str) -> bool:
    is_control = unicodedata.category(character) in {"Cc", "Cs"}
    return not is_control and ord(character) not in DIRECTION_MARKS
