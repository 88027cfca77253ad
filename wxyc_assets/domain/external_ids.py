"""The form of an artist's id in each source, and the page that shows the artist."""

import re
from collections.abc import Mapping

from wxyc_assets.domain.answers import Source

NUMBER = re.compile(r"[1-9][0-9]{0,18}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
FORMS: Mapping[str, re.Pattern[str]] = {
    Source.DISCOGS.value: NUMBER,
    Source.MUSICBRAINZ.value: UUID,
    Source.WIKIDATA.value: re.compile(r"Q[1-9][0-9]{0,18}"),
    Source.SPOTIFY.value: re.compile(r"[0-9A-Za-z]{22}"),
    Source.APPLE_MUSIC.value: NUMBER,
    Source.BANDCAMP.value: re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,254}"),
}
"""The rules are "What we believe" in docs/contracts/lml.md; plain strings are looked up faster than
an enum's."""
FORMS_IN_WORDS: Mapping[str, str] = {
    Source.DISCOGS: "a positive number",
    Source.MUSICBRAINZ: "a UUID",
    Source.WIKIDATA: "Q and a number",
    Source.SPOTIFY: "22 letters and digits",
    Source.APPLE_MUSIC: "a positive number",
    Source.BANDCAMP: "a name of letters, digits, '.', '_' and '-'",
}
PAGES: Mapping[str, str] = {
    Source.DISCOGS: "https://www.discogs.com/artist/{}",
    Source.MUSICBRAINZ: "https://musicbrainz.org/artist/{}",
    Source.WIKIDATA: "https://www.wikidata.org/wiki/{}",
    Source.SPOTIFY: "https://open.spotify.com/artist/{}",
    Source.APPLE_MUSIC: "https://music.apple.com/us/artist/{}",
    Source.BANDCAMP: "https://{}.bandcamp.com/",
}


def has_form(source: str, external_id: str) -> bool:
    """Return True for an id that has the form of its source."""
    return FORMS[source].fullmatch(external_id) is not None


def page_of(source: str, external_id: str) -> str | None:
    """Return the address of the artist's page; None for an id that has not its source's form."""
    return PAGES[source].format(external_id) if has_form(source, external_id) else None
