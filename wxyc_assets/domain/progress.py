"""The progress of a run over ranges: what is done, of how much, at which rate, and what is left."""

from dataclasses import dataclass

MINUTE = 60


@dataclass(slots=True)
class Progress:
    """Units done of those known; how many a range holds is known once it is begun.

    While ranges are still to be begun, the total is estimated: they hold as many as the others.
    """

    unit: str
    """In the plural, such as records."""
    ranges: int = 1
    ranges_begun: int = 0
    known: int = 0
    done: int = 0

    def begin(self, units: int) -> None:
        """Count a range as begun, with the units that it holds."""
        self.ranges_begun += 1
        self.known += units

    def advance(self, units: int = 1) -> None:
        """Count units as done."""
        self.done += units

    @property
    def is_estimated(self) -> bool:
        """True while ranges are still to be begun."""
        return self.ranges_begun < self.ranges

    @property
    def total(self) -> int:
        """The units of all ranges."""
        if not self.is_estimated or not self.ranges_begun:
            return self.known
        return round(self.known * self.ranges / self.ranges_begun)

    def sentence(self, seconds: float) -> str:
        """Return the progress after so many seconds, in words."""
        about = "about " if self.is_estimated else ""
        counted = f"{self.done:,} of {about}{self.total:,} {self.unit}"
        if not self.done:
            return f"{counted} after {duration(seconds)}"
        rate = self.done / seconds
        left = duration(max(0, self.total - self.done) / rate)
        return f"{counted}, {rate * MINUTE:,.0f} a minute, about {left} left"


def duration(seconds: float) -> str:
    """Return a duration in the two largest units that matter."""
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / MINUTE)
    if minutes < 2 * MINUTE:
        return f"{minutes} min"
    return f"{minutes // MINUTE} h {minutes % MINUTE} min"
