"""The floors that coverage must reach."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Floors:
    """The floor of each check, as a share between 0 and 1 unless noted."""

    coverage: float
    identity: float
    artwork: float
    artwork_target: float
    compilations: float
    agreement: float
    asked_twice: int
    """The most records that may have been asked about twice."""
    orphaned_sources: int
    """The most records that may have sources without an identity."""
    tolerance: float
    """The most that a share may lie below the best of the earlier snapshots."""
