"""Places in flight, shared by every process over one database.

A slot is kept over successive requests, so that a request costs no round trip. It goes back when
nobody here needs it, and after at most a slice of time when others wait.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Protocol

from wxyc_assets.adapters.postgres.database import DatabaseError, DatabaseUnavailable
from wxyc_assets.domain.contention import Company

SLICE_SECONDS = 1.0
"""How long a process may keep its slots before it looks whether others wait."""
LINGER_SECONDS = 0.05
"""How long an idle slot is kept: longer than the pause between two calls of a busy caller."""
POLL_SECONDS = 0.05
"""Between two tries of a process that has no slot; one that has some is four times as patient."""
COURTESY_SECONDS = 3 * POLL_SECONDS
"""Who gave slots back for others lets them try before it tries again."""
POLLS_FOR_OTHERS = 3
"""How often those who wait for longer go first; they may be stopped in a debugger."""


class SlotLedger(Protocol):
    """Where slots are kept so that all processes see them."""

    async def take(self, held: Collection[int], wanted: int, slots: int) -> list[int]:
        """Up to `wanted` of the free slots 1..`slots`, other than those held."""
        ...

    async def give(self, slots: Collection[int]) -> None: ...

    async def want(self, more: bool) -> None:
        """Tells the others whether we wait, from now on."""
        ...

    async def company(self, slots: int) -> Company:
        """Who is there, as slots 1..`slots` go."""
        ...


class Slots:
    """The slots that this process holds, lent to its requests; `keep` must run beside them."""

    def __init__(self, ledger: SlotLedger, most: int, chance: Callable[[], float]) -> None:
        self._ledger = ledger
        self._most = most
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self._held: set[int] = set()
        self._idle: dict[int, float] = {}
        self._returning: list[int] = []
        self._owed = 0
        self._queue: deque[asyncio.Future[int]] = deque()
        self._leashes: set[asyncio.Timeout] = set()
        self._wake = asyncio.Event()
        self._bell: asyncio.TimerHandle | None = None
        self._slice_end = self._take_from = 0.0
        self._tells_others = False
        self._polls_for_others = 0
        self._lost: DatabaseError | None = None

    @asynccontextmanager
    async def lend(self) -> AsyncGenerator[None]:
        """A slot for one request; the request is stopped when the slot is lost.

        Raises DatabaseUnavailable.
        """
        slot = await self._get()
        leash = asyncio.timeout(None)
        self._leashes.add(leash)
        try:
            async with leash:
                yield
        except TimeoutError:
            if leash.expired():
                raise self._why_lost() from self._lost
            raise
        finally:
            self._leashes.remove(leash)
            self._put_back(slot)

    async def keep(self) -> None:
        """Takes, shares and gives back, until it is cancelled or the database is lost."""
        lost: DatabaseError = DatabaseUnavailable("the budget is closed")
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                await self._turn()
                self._set_bell()
        except DatabaseError as error:
            lost = error
        finally:
            self._lose(lost)

    async def _get(self) -> int:
        if self._lost:
            raise self._why_lost() from self._lost
        if self._idle:
            return self._idle.popitem()[0]
        place: asyncio.Future[int] = self._loop.create_future()
        if not self._waiting:
            self._wake.set()
        self._queue.append(place)
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and not place.exception():
                self._put_back(place.result())
            raise

    def _put_back(self, slot: int) -> None:
        if self._owed:
            self._owed -= 1
            self._returning.append(slot)
            self._wake.set()
        else:
            self._hand_out(slot)

    def _hand_out(self, slot: int) -> None:
        if self._waiting:
            self._queue.popleft().set_result(slot)
        else:
            self._idle[slot] = self._loop.time()
            self._ring_at(self._loop.time() + LINGER_SECONDS)

    @property
    def _waiting(self) -> int:
        while self._queue and self._queue[0].done():  # cancelled meanwhile
            self._queue.popleft()
        return len(self._queue)

    async def _turn(self) -> None:
        await self._give(self._returning)
        if self._held and self._loop.time() >= self._slice_end:
            await self._share()
        await self._give([slot for slot in self._idle if self._is_stale(slot)])
        await self._take()

    def _is_stale(self, slot: int) -> bool:
        return self._loop.time() >= self._idle[slot] + LINGER_SECONDS

    async def _share(self) -> None:
        """Gives up what is more than our share, if others wait; the look proves our locks, too."""
        self._slice_end = self._loop.time() + SLICE_SECONDS
        company = await self._ledger.company(self._most)
        surplus = company.surplus(len(self._held), self._most)
        idle = list(self._idle)[:surplus]
        self._owed = surplus - len(idle)
        if surplus:
            self._take_from = self._loop.time() + COURTESY_SECONDS
            await self._give(idle)

    async def _give(self, slots: Collection[int]) -> None:
        if not slots:
            return
        giving = set(slots)
        if slots is self._returning:
            self._take_from = self._loop.time() + COURTESY_SECONDS
        self._returning = [slot for slot in self._returning if slot not in giving]
        for slot in giving:
            self._idle.pop(slot, None)
        await self._ledger.give(giving)
        self._held -= giving

    async def _take(self) -> None:
        if self._wants_more and self._loop.time() >= self._take_from:
            wanted = min(self._waiting, await self._allowance())
            taken = await self._ledger.take(self._held, wanted, self._most) if wanted else []
            if taken:
                await self._tell_others(False)  # and so goes to the end of the queue
            if not self._held:
                self._slice_end = self._loop.time() + SLICE_SECONDS
            self._held.update(taken)
            for slot in taken:
                self._hand_out(slot)
            self._take_from = self._loop.time() + self._patience()
        await self._tell_others(self._wants_more)

    async def _allowance(self) -> int:
        if not self._tells_others:
            return self._most - len(self._held)
        company = await self._ledger.company(self._most)
        if not company.is_our_turn and self._polls_for_others < POLLS_FOR_OTHERS:
            self._polls_for_others += 1
            return 0
        self._polls_for_others = 0
        return company.allowance(len(self._held), self._most)

    async def _tell_others(self, wants_more: bool) -> None:
        if wants_more != self._tells_others:
            await self._ledger.want(wants_more)
            self._tells_others = wants_more

    @property
    def _wants_more(self) -> bool:
        return self._waiting > 0 and len(self._held) < self._most

    def _patience(self) -> float:
        return POLL_SECONDS * (4 if self._held else 1) * (0.5 + self._chance())

    def _set_bell(self) -> None:
        moments = [since + LINGER_SECONDS for since in self._idle.values()]
        if self._wants_more:
            moments.append(self._take_from)
        if self._held:
            moments.append(self._slice_end)
        if moments:
            self._ring_at(min(moments))

    def _ring_at(self, moment: float) -> None:
        if self._bell and not self._bell.cancelled() and self._bell.when() <= moment:
            return
        if self._bell:
            self._bell.cancel()
        self._bell = self._loop.call_at(moment, self._ring)

    def _ring(self) -> None:
        self._bell = None
        self._wake.set()

    def _lose(self, error: DatabaseError) -> None:
        self._lost = error
        if self._bell:
            self._bell.cancel()
        for place in self._queue:
            if not place.done():
                place.set_exception(self._why_lost())
        for leash in self._leashes:
            leash.reschedule(self._loop.time())

    def _why_lost(self) -> DatabaseUnavailable:
        return DatabaseUnavailable(
            f"No request towards LML without the shared budget: {self._lost}"
        )
