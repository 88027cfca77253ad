"""One call through the pretend LML, and the protocol of its endpoints."""

import asyncio
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.lml.wire import Json, Request

RouteName = Literal["resolve", "lookup", "lookup_bulk", "refresh", "health", "openapi"]


def now() -> float:
    """Return the time of the running loop."""
    return asyncio.get_running_loop().time()


@dataclass(slots=True)
class LmlCall:
    """A request with the state of its processing."""

    route: RouteName
    request: Request
    settings: LmlSettings
    worker: int
    payload: Any = None
    status: int = 200
    started: float = 0.0
    """Time at which a worker admitted it, on the loop's clock."""
    service_seconds: float = 0.0
    """Processing time at LML, without the wait for admission."""
    api_calls: int = 0
    """Discogs requests that it took so far."""

    async def finish(self) -> None:
        """Wait until the service time has passed; computing counts towards it."""
        await asyncio.sleep(max(0.0, self.started + self.service_seconds - now()))


class Endpoint(Protocol):
    """The handler of one route."""

    def rows(self, payload: Any) -> list[int]:
        """Return the ids of the rows that a request names, as far as it can be read."""
        ...

    async def answer(self, call: LmlCall) -> Json:
        """Return the answer's body; set `service_seconds`; raise `HttpError` to refuse."""
        ...
