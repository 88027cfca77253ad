"""One call on its way through the pretend LML."""

import asyncio
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.lml.wire import Json, Request

Route = Literal["resolve", "lookup", "lookup_bulk", "refresh", "health", "openapi"]


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass(slots=True)
class Call:
    route: Route
    request: Request
    settings: LmlSettings
    worker: int
    payload: Any = None
    status: int = 200
    started: float = 0.0
    """When a worker took it on, on the clock of the loop."""
    service_seconds: float = 0.0
    """How long LML takes over it, waiting for admission not included."""

    async def finish(self) -> None:
        """Wait until the service time has passed; what computing cost is part of it."""
        await asyncio.sleep(max(0.0, self.started + self.service_seconds - now()))


class Endpoint(Protocol):
    def rows(self, payload: Any) -> list[int]:
        """Ids of the rows a request names, as far as it can be read."""
        ...

    async def answer(self, call: Call) -> Json:
        """The body of the answer; sets `service_seconds`, raises `Refusal` to say no."""
        ...
