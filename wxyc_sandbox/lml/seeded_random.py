"""Random numbers that depend on a key alone, and the folding of names."""

import unicodedata
from collections.abc import Sequence
from hashlib import blake2b
from struct import Struct
from typing import TypeVar

T = TypeVar("T")

WORDS = Struct(">16I")
"""A digest as sixteen 32-bit numbers, one per draw."""


class SeededRandom:
    """A stream of draws that is the same for a key on every machine and in every process."""

    __slots__ = ("_digest", "_words")

    def __init__(self, *key: object) -> None:
        self._digest = blake2b(repr(key).encode()).digest()
        self._words = list(WORDS.unpack(self._digest))

    def below(self, bound: int) -> int:
        """Return an integer in 0..bound-1; `bound` is at most 2**32."""
        words = self._words or self._refill()
        return words.pop() * bound >> 32

    def happens(self, per_mille: int) -> bool:
        """Return True with the given probability."""
        words = self._words or self._refill()
        return words.pop() * 1000 >> 32 < per_mille

    def pick(self, among: Sequence[T]) -> T:
        """Return one of the items."""
        words = self._words or self._refill()
        return among[words.pop() * len(among) >> 32]

    def hexadecimal(self, digits: int) -> str:
        """Return at most 128 hexadecimal digits."""
        self._digest = blake2b(self._digest).digest()
        return self._digest.hex()[:digits]

    def _refill(self) -> list[int]:
        self._digest = blake2b(self._digest).digest()
        self._words = list(WORDS.unpack(self._digest))
        return self._words


def fold(name: str) -> str:
    """Return a name as LML compares it: without case and diacritics, with single spaces."""
    if not name.isascii():
        decomposed = unicodedata.normalize("NFKD", name)
        name = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(name.casefold().split())
