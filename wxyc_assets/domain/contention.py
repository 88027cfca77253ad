"""How processes share a number of places, each deciding for itself from what it sees."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Company:
    """Who is there: the processes that hold or want a place, ourselves included."""

    present: int
    others_wait: bool
    waiting_longer: int
    """How many wait for longer than we do."""
    free: int
    """Places that nobody holds."""

    def surplus(self, held: int, most: int) -> int:
        """How many of our places the others should have.

        We keep the share that everyone can have at the same time, which is nothing at all where
        there are more processes than places: then they take turns.
        """
        return max(0, held - most // self.present) if self.others_wait else 0

    def allowance(self, held: int, most: int) -> int:
        """How many more we may take: no more than our share, rounded up."""
        if not self.others_wait:
            return most - held
        return max(0, -(-most // self.present) - held)

    @property
    def is_our_turn(self) -> bool:
        """Whether there is more free than those before us need, one each."""
        return self.free > self.waiting_longer or not self.free
