"""Log of the pretend LML's callers by address, which its own counters do not have."""

from collections import Counter

from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.delivery import has_disconnected
from wxyc_sandbox.lml.wire import Message, Receive, Send

BUDGETED = "/api/"
"""Prefix of the routes that take a permit of the shared budget."""


class CallerLog:
    """ASGI middleware that counts the callers of an LML."""

    def __init__(self, lml: PretendLml) -> None:
        self._lml = lml
        self._in_progress: list[Message] = []
        self.reset()

    def reset(self) -> None:
        """Set the counts to zero."""
        self.calls: Counter[str] = Counter()
        """By address."""
        self.most_in_flight = 0
        """Most requests at a time whose caller still waited for the answer."""

    def in_progress(self, address: str) -> int:
        """Return the number of one caller's requests at LML, abandoned ones included."""
        return sum(_caller(each) == address for each in self._in_progress)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith(BUDGETED):
            await self._lml(scope, receive, send)
            return
        self._in_progress.append(scope)
        self._count(scope)
        try:
            await self._lml(scope, receive, send)
        finally:
            self._in_progress.remove(scope)

    def _count(self, new: Message) -> None:
        self.calls[_caller(new)] += 1
        waited_for = sum(not has_disconnected(each) for each in self._in_progress)
        self.most_in_flight = max(self.most_in_flight, waited_for)


def _caller(scope: Message) -> str:
    return scope["client"][0]
