"""Fair shares of a number of slots, computed by each process from what it sees."""

from dataclasses import dataclass

TURN_SECONDS = 1.0
"""The slots left over beyond the fair shares go to other processes as often as this."""


@dataclass(frozen=True, slots=True)
class Contention:
    """The processes that hold or wait for slots, this one included."""

    processes: int
    rank: int
    """This process's number among them, from 0."""
    others_wait: bool
    clock: float
    """Seconds, by a clock that all processes share."""

    def share(self, slots: int) -> int:
        """Return how many slots this process may hold now: its part, and a left-over in its turn.

        All if nobody else waits.
        """
        if not self.others_wait:
            return slots
        part, left_over = divmod(slots, self.processes)
        return part + ((self.rank + int(self.clock / TURN_SECONDS)) % self.processes < left_over)
