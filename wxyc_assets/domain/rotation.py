"""The active rotation: which of its releases have an LML identity, and when they are enough.

The rule is "rotation" in docs/contracts/backend-db.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class RotationBasis(StrEnum):
    """The releases among which identities are counted."""

    RESOLVABLE = "resolvable"
    """Those with a Discogs release: the others have nothing to get an identity from."""
    ABSOLUTE = "absolute"


@dataclass(frozen=True, slots=True)
class RotationRelease:
    """A release in rotation today."""

    rotation_id: int
    artist_name: str | None
    album_title: str | None
    identity_id: int | None
    is_resolvable: bool


@dataclass(frozen=True, slots=True)
class IdentifiedCount:
    """Releases with an identity, among all that count."""

    identified: int
    releases: int

    @property
    def share(self) -> float:
        """Share of the releases with an identity; 0 if there are none."""
        return self.identified / self.releases if self.releases else 0.0

    def reaches(self, floor: float) -> bool:
        """Return True if the share is at or above the floor, and there is something to count."""
        return self.releases > 0 and self.share >= floor


@dataclass(frozen=True, slots=True)
class ActiveRotation:
    """The releases in rotation today."""

    releases: Sequence[RotationRelease]

    @property
    def identity_ids(self) -> list[int]:
        """The distinct identities in rotation, in ascending order."""
        ids = {each.identity_id for each in self.releases}
        return sorted(each for each in ids if each is not None)

    def counted(self, basis: RotationBasis) -> list[RotationRelease]:
        """Return the releases that count on this basis."""
        match basis:
            case RotationBasis.RESOLVABLE:
                return [each for each in self.releases if each.is_resolvable]
            case RotationBasis.ABSOLUTE:
                return list(self.releases)
            case _:
                assert_never(basis)

    def count(self, basis: RotationBasis) -> IdentifiedCount:
        """Count the releases with an identity on this basis."""
        counted = self.counted(basis)
        identified = sum(each.identity_id is not None for each in counted)
        return IdentifiedCount(identified, len(counted))

    def unidentified(self, basis: RotationBasis) -> list[RotationRelease]:
        """Return the releases without an identity on this basis."""
        return [each for each in self.counted(basis) if each.identity_id is None]
