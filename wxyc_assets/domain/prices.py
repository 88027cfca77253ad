"""Prices of calls to LML, in live Discogs requests, which are scarce."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """The estimated price of a call, by what recent calls of its kind have cost."""

    kind: str
    guess: float
    """Discogs requests of one unit, before answers have told."""
    seconds: float
    """The longest time that a call takes."""
    units: int = 1


@dataclass(frozen=True, slots=True)
class CoverPrice:
    """The true price of new covers."""

    requests: int = 0
    """Live Discogs requests of lookups, those without a cover included."""
    covers: int = 0

    @property
    def per_cover(self) -> float | None:
        """Discogs requests per new cover; None if there is none."""
        return self.requests / self.covers if self.covers else None


@dataclass(slots=True)
class Charge:
    """The bill of a call."""

    cost: float | None = None
    """Discogs requests that it took; None: unknown, so that the estimate stands."""
