"""LML's own catalogue of the station's records."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from wxyc_sandbox.lml.seeded_random import fold

MINTED_BY_BACKEND = 1_000_000
"""The first legacy id minted by the Backend; these are not in LML's catalogue yet."""

VARIOUS = "various artists"
"""How the folded artist name of a compilation begins."""


class CatalogueEntry(NamedTuple):
    """A record as LML's catalogue holds it."""

    legacy_release_id: int
    artist: str
    title: str


class Catalogue:
    """Records indexed by folded artist and title."""

    def __init__(self, rows: Iterable[tuple[int, str, str]]) -> None:
        self._entries: defaultdict[tuple[str, str], list[CatalogueEntry]] = defaultdict(list)
        for legacy_release_id, artist, title in rows:
            if legacy_release_id < MINTED_BY_BACKEND:
                row = CatalogueEntry(legacy_release_id, artist, title)
                self._entries[fold(artist), fold(title)].append(row)

    def find(self, artist: str, title: str) -> list[CatalogueEntry]:
        """Return the formats of one album; empty if the catalogue does not have it."""
        return self._entries.get((fold(artist), fold(title)), [])

    def albums(self) -> Iterable[tuple[tuple[str, str], CatalogueEntry]]:
        """Return each album: its folded artist and title, and one of its formats."""
        return ((names, entries[0]) for names, entries in self._entries.items())

    def titles(self, artist: str) -> Sequence[str]:
        """Return the folded titles of an artist's albums."""
        return self._titles.get(fold(artist), ())

    @cached_property
    def artists(self) -> Sequence[str]:
        """The folded names of the artists, without those of compilations."""
        return sorted(each for each in self._titles if not each.startswith(VARIOUS))

    @cached_property
    def _titles(self) -> dict[str, list[str]]:
        titles: defaultdict[str, list[str]] = defaultdict(list)
        for artist, title in self._entries:
            titles[artist].append(title)
        return dict(titles)
