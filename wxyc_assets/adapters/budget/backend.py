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

Reservations bound the Discogs requests of any minute.

5. A call reserves what it may cost: a high quantile of what recent calls of its kind have cost,
   those that LML's cache answered aside. It is due when all earlier reservations, and what was
   spent within the last minute, leave room for it; first come, first served.
6. The answer says what the call did cost, and that counts as spent for a minute from then on. A
   call that may cost more than a minute's rate has the minute to itself, and its cost counts for
   as many minutes as it is worth.
7. A reservation of which nothing was spent serves further calls of this process for a second:
   where LML answers from its cache, a call costs no round trip either.
8. A process that is killed leaves its reservations behind. They count as spent until the call
   would have ended, and a minute longer; one that was not due yet is gone after ten seconds.
"""

from typing import Protocol

from wxyc_assets.domain.contention import Contention
from wxyc_assets.domain.prices import Price


class BudgetBackend(Protocol):
    """One process's access to the slots and reservations that all processes share.

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

    async def reserve(self, price: Price, *, per_minute: float) -> int:
        """Queue a reservation; return its number."""
        ...

    async def is_due(self, number: int, price: Price, *, per_minute: float) -> bool | None:
        """Return True once a reservation may be spent; None if it was not asked for too long."""
        ...

    async def settle(
        self, number: int, price: Price, cost: float | None, *, per_minute: float
    ) -> None:
        """Replace a reservation by the cost; without one, it counts as spent from now on."""
        ...

    async def claim_trial(self, seconds: float) -> bool:
        """Claim the trial of LML's circuit breaker; False if it was claimed so shortly ago."""
        ...
