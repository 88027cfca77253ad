"""A proxy of covers, as COVER_PROXY_URL names one: each is drawn, with the words of its album.

Nothing is fetched. A cover that is not in the catalogue, such as a wrong one, bears its number.
"""

import re
from functools import cached_property
from html import escape
from textwrap import wrap

from wxyc_assets.domain.web_addresses import discogs_address
from wxyc_sandbox.lml.catalogue import Catalogue, CatalogueEntry
from wxyc_sandbox.lml.wire import HttpAnswer, HttpError, Request
from wxyc_sandbox.real_world import first_release, master_of

PREFIX = "/covers/"
OF_RELEASE = re.compile(r"s3://discogs-database-images/R-(\d+)-")
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="180" height="180" viewBox="0 0 600 600" '
    'font-family="sans-serif" font-size="48" text-anchor="middle">'
    '<rect width="600" height="600" fill="hsl({hue} 45% 85%)"/>'
    "{lines}</svg>"
)
CHARACTERS, LINE_HEIGHT = 20, 60
HUE_STEP = 47
"""Names that differ by a letter differ in colour."""


class CoverPictures:
    """Draws the covers of a catalogue's albums."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def answer(self, request: Request) -> HttpAnswer:
        """Return the picture; raise HttpError with 405 for anything but GET."""
        if request.method != "GET":
            raise HttpError(405, "Method Not Allowed")
        found = OF_RELEASE.match(discogs_address(request.path))
        album = self._albums.get(master_of(int(found[1]))) if found else None
        words = (album.artist, album.title) if album else ("Cover", found[1] if found else "")
        return HttpAnswer(200, _draw(words).encode(), "image/svg+xml")

    @cached_property
    def _albums(self) -> dict[int, CatalogueEntry]:
        """The albums by their master on Discogs."""
        return {
            master_of(first_release(*names)): entry for names, entry in self._catalogue.albums()
        }


def _draw(words: tuple[str, str]) -> str:
    printable = ("".join(filter(str.isprintable, each)) for each in words)
    lines = [line for each in printable for line in wrap(each, CHARACTERS)]
    top = 300 - LINE_HEIGHT * (len(lines) - 1) // 2
    drawn = (
        f'<text x="300" y="{top + LINE_HEIGHT * at}">{escape(line)}</text>'
        for at, line in enumerate(lines)
    )
    return SVG.format(hue=HUE_STEP * sum(map(ord, "".join(words))) % 360, lines="".join(drawn))
