"""The protocol by which processes share a budget, and what it asks of the place that keeps it.

Slots bound the requests in flight; a slot belongs to one process at a time, and goes back when
that process ends.

1. A process takes free slots when it has more callers than slots, and keeps them over successive
   requests: alone, a request costs no round trip. Slots that nobody here uses go back.
2. A process with fewer slots than callers shows that it waits.
3. Once a second every process looks at the others. While some of them wait, its share is
   slots // processes; those left over go round, one second by the shared clock for each process.
   Slots beyond the share go back, each as soon as its request ends: no request is stopped for it.
4. A look that fails means that the session is lost, and its slots with it: all work is stopped.

Tokens bound the rate. A process draws a few seconds' worth at once from one bucket, and spends
them when all that was drawn before has drained at the rate.
"""

from typing import Protocol

from wxyc_assets.domain.contention import Contention


class BudgetBackend(Protocol):
    """One process's access to the slots and tokens that all processes share.

    Every method raises DatabaseError when the backend is lost.
    """

    async def hold(self, count: int, *, slots: int) -> int:
        """Give back all slots but `count`, or take free ones of 1..`slots`; return those held."""
        ...

    async def set_waiting(self, waiting: bool) -> None:
        """Show the other processes whether this one waits for slots."""
        ...

    async def look(self) -> Contention:
        """Return who holds slots, or waits for them."""
        ...

    async def claim_trial(self, seconds: float) -> bool:
        """Claim the trial of LML's circuit breaker; False if it was claimed so shortly ago."""
        ...

    async def draw(self, tokens: float, *, per_second: float) -> float:
        """Reserve tokens, or return them if negative; return in how many seconds they are due."""
        ...
