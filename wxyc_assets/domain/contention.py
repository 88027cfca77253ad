"""Fair shares of a number of slots, computed by each process from what it sees."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contention:
    """The processes that hold or wait for slots, this one included."""

    processes: int
    others_wait: bool

    def fair_share(self, slots: int) -> int:
        """Return how many slots every process can hold at the same time; all if nobody waits."""
        return slots // self.processes if self.others_wait else slots

    def slots_in_turn(self, slots: int) -> int:
        """Return how many slots are left over beyond the fair shares, and go by turns."""
        return slots % self.processes if self.others_wait else 0

    def turns_out(self, slots: int) -> float:
        """Return for how many turns a process does without a left-over slot after its own turn."""
        in_turn = self.slots_in_turn(slots)
        return self.processes / in_turn - 1 if in_turn else 0.0


UNCONTENDED = Contention(processes=1, others_wait=False)
