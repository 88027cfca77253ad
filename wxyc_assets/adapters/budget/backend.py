"""The protocol by which processes share a budget, and what it asks of the place that keeps it.

Slots bound the requests in flight; a slot belongs to one process at a time.

1. A process takes free slots when it has more requests than slots, and keeps them over successive
   requests: alone, a request costs no round trip. Slots that nobody here uses go back.
2. A process that gets fewer than it wants says so, until it has them or no longer wants them.
3. While others wait, a process holds no more than its fair share: slots // processes, rounded
   down. The slots left over go by turns: held for a second, then left to the others for as long
   as it takes all of them to have theirs. A request is never stopped to give its slot back.
4. A process looks at the others every second, more often while it waits. A look that fails means
   that the session is lost, and its slots with it: all requests are stopped.

Tokens bound the rate. A process draws a few seconds' worth at once from one bucket, and spends
them when all that was drawn before has drained at the rate.
"""

from typing import Protocol

from wxyc_assets.domain.contention import Contention


class BudgetBackend(Protocol):
    """One process's access to the slots and tokens that all processes share.

    Every method raises DatabaseError when the backend is lost.
    """

    async def take(self, wanted: int, *, slots: int) -> int:
        """Take up to `wanted` more of the slots 1..`slots`; return how many were free."""
        ...

    async def keep(self, count: int) -> None:
        """Give back all slots of this process but `count`."""
        ...

    async def set_waiting(self, waiting: bool) -> None:
        """Show the other processes whether this one waits for slots."""
        ...

    async def contention(self) -> Contention: ...

    async def draw(self, tokens: float, *, per_second: float) -> float:
        """Reserve tokens, or return them if negative; return in how many seconds they are due."""
        ...
