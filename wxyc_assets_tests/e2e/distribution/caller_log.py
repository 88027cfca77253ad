"""Log of the pretend LML's callers by address, and a meeting of two of them there."""

import asyncio
from collections import Counter

from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.delivery import has_disconnected
from wxyc_sandbox.lml.wire import Message, Receive, Send

BUDGETED = "/api/"
"""Prefix of the routes that take a permit of the shared budget."""
POLL_SECONDS = 0.01


class CallerLog:
    """ASGI middleware that counts the callers of an LML."""

    def __init__(self, lml: PretendLml) -> None:
        self._lml = lml
        self._in_progress: list[Message] = []
        self._awaits_meeting = self._holds_one = False
        self._lost: str | None = None
        self.reset()

    def reset(self) -> None:
        """Set the counts to zero."""
        self.calls: Counter[str] = Counter()
        """By address."""
        self.most_callers_at_once = 0
        self.most_in_flight = 0
        """Most requests at a time whose caller still waited for the answer, and is not lost."""

    def await_meeting(self) -> None:
        """Hold one call at a time until a second machine calls, however slowly that starts.

        Only one, because the others need the permits of the shared budget to come along.
        """
        self._awaits_meeting = True

    def in_progress(self, address: str) -> int:
        """Return the number of one caller's requests at LML, abandoned ones included."""
        return sum(_caller(each) == address for each in self._in_progress)

    def lose(self, address: str) -> int:
        """Shut a machine out that is about to be killed; return its requests at LML until then.

        It dies slowly when all cores are busy, and would go on calling meanwhile.
        """
        self._lost = address
        return self.in_progress(address)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith(BUDGETED):
            await self._lml(scope, receive, send)
            return
        self._in_progress.append(scope)
        try:
            if _caller(scope) == self._lost:
                await _hung_up(scope)
                return
            self._count(scope)
            if self._holds_one or await self._hold(scope):
                await self._lml(scope, receive, send)
        finally:
            self._in_progress.remove(scope)

    async def _hold(self, scope: Message) -> bool:
        """Hold a call until machines meet; return False if its caller has given it up."""
        if not self._awaits_meeting:
            return True
        self._holds_one = True
        while self._awaits_meeting and not has_disconnected(scope):
            await asyncio.sleep(POLL_SECONDS)
        self._holds_one = False
        return not has_disconnected(scope)

    def _count(self, new: Message) -> None:
        self.calls[_caller(new)] += 1
        waited_for = [
            _caller(each)
            for each in self._in_progress
            if not has_disconnected(each) and _caller(each) != self._lost
        ]
        self.most_in_flight = max(self.most_in_flight, len(waited_for))
        self.most_callers_at_once = max(self.most_callers_at_once, len(set(waited_for)))
        self._awaits_meeting = self._awaits_meeting and self.most_callers_at_once < 2


async def _hung_up(scope: Message) -> None:
    """Wait until the caller hangs up."""
    while not has_disconnected(scope):
        await asyncio.sleep(POLL_SECONDS)


def _caller(scope: Message) -> str:
    return scope["client"][0]
