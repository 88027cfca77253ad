"""LML's own catalogue of the station's records."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from wxyc_sandbox.lml.seeded_random import fold

MINTED_BY_BACKEND = 1_000_000
"""The first legacy id minted by the Backend; these are not in LML's catalogue yet."""


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
