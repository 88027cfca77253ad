"""The records LML knows to stand on the station's shelves."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from wxyc_sandbox.lml.chance import fold

MINTED_BY_BACKEND = 1_000_000
"""Ids from here up are not in LML's catalogue yet."""


class Shelved(NamedTuple):
    legacy_release_id: int
    artist: str
    title: str


class Catalogue:
    def __init__(self, rows: Iterable[tuple[int, str, str]]) -> None:
        self._shelves: defaultdict[tuple[str, str], list[Shelved]] = defaultdict(list)
        for legacy_release_id, artist, title in rows:
            if legacy_release_id < MINTED_BY_BACKEND:
                row = Shelved(legacy_release_id, artist, title)
                self._shelves[fold(artist), fold(title)].append(row)

    def find(self, artist: str, title: str) -> list[Shelved]:
        """The formats of one album; empty when it is not on the shelves."""
        return self._shelves.get((fold(artist), fold(title)), [])
