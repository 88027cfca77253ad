"""Ranges of library ids, the partitions of the library."""

from collections.abc import Iterator
from dataclasses import dataclass

DIGITS = 7


class NotARange(ValueError):
    """The text is not a range key such as `0000001-0002500`."""


@dataclass(frozen=True, slots=True, order=True)
class IdRange:
    """Library ids `first`..`last`, both included."""

    first: int
    last: int

    @property
    def key(self) -> str:
        """The partition key: zero-padded, so that text order is id order."""
        return f"{self.first:0{DIGITS}d}-{self.last:0{DIGITS}d}"

    @classmethod
    def parse(cls, key: str) -> "IdRange":
        """Return the range with this key; raises NotARange."""
        first, _, last = key.partition("-")
        if not (first.isdecimal() and last.isdecimal()) or int(first) > int(last):
            raise NotARange(f"{key!r} is not a range key such as '0000001-0002500'")
        return cls(int(first), int(last))

    def __contains__(self, library_id: int) -> bool:
        return self.first <= library_id <= self.last


def tile(ceiling: int, width: int) -> Iterator[IdRange]:
    """Return ranges of `width` ids from 1 on; the last one contains `ceiling`.

    Every range has the full width, so a raised ceiling adds keys and changes none.
    """
    for first in range(1, ceiling + 1, width):
        yield IdRange(first, first + width - 1)
