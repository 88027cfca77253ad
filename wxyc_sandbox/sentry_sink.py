"""A pretend Sentry and a pretend chat that keep every received byte."""

import gzip
import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wxyc_sandbox.lml.server import serve

Json = dict[str, Any]
KEY = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"


@dataclass(slots=True)
class Sink:
    """The received requests; `status` is the answer, and only requests answered 200 are kept."""

    status: int = 200
    retry_after: str | None = None
    bodies: list[bytes] = field(default_factory=list[bytes])
    envelopes: list[list[Json]] = field(default_factory=list[list[Json]])
    messages: list[Json] = field(default_factory=list[Json])
    refused: int = 0

    @property
    def events(self) -> list[Json]:
        """All events, including alerts."""
        return self._items("event")

    @property
    def spans(self) -> list[Json]:
        """All spans; their attributes are `{"value", "type"}`."""
        return [span for batch in self._items("span") for span in batch["items"]]

    def _items(self, kind: str) -> list[Json]:
        return [e["payload"] for items in self.envelopes for e in items if e["type"] == kind]

    def app(self) -> Starlette:
        """Return the pretend Sentry at /api/1/envelope/ and the pretend chat at /services/..."""
        return Starlette(
            routes=[
                Route("/api/{project}/envelope/", self._envelope, methods=["POST"]),
                Route("/services/{rest:path}", self._message, methods=["POST"]),
            ]
        )

    async def _envelope(self, request: Request) -> Response:
        body = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if f"sentry_key={KEY}" not in request.headers.get("x-sentry-auth", ""):
            return JSONResponse({"detail": "unknown key"}, 403)
        header, items = read_envelope(body)
        if answer := self._refusal():
            return answer
        self.bodies.append(body)
        self.envelopes.append(items)
        return JSONResponse({"id": header.get("event_id")})

    async def _message(self, request: Request) -> Response:
        body = await request.body()
        if answer := self._refusal():
            return answer
        self.bodies.append(body)
        self.messages.append(json.loads(body))
        return Response("ok")

    def _refusal(self) -> Response | None:
        if self.status == 200:
            return None
        self.refused += 1
        headers = {"Retry-After": self.retry_after} if self.retry_after else {}
        return Response("no", self.status, headers=headers)


def read_envelope(body: bytes) -> tuple[Json, list[Json]]:
    """Return the header and the items `{"type", "payload", ...}` of a Sentry envelope.

    The format is described at https://develop.sentry.dev/sdk/.
    """
    first, _, rest = body.partition(b"\n")
    items: list[Json] = []
    while rest:
        line, _, rest = rest.partition(b"\n")
        item = json.loads(line)
        length = item.get("length", rest.find(b"\n") if b"\n" in rest else len(rest))
        items.append({**item, "payload": json.loads(rest[:length])})
        rest = rest[length:].removeprefix(b"\n")
    return json.loads(first), items


@dataclass(frozen=True, slots=True)
class Addresses:
    """The URLs of a served sink."""

    dsn: str
    webhook: str


@contextmanager
def serve_sink(sink: Sink) -> Generator[Addresses]:
    """Serve a sink on a free port of 127.0.0.1, in a separate thread."""
    with serve(sink.app()) as url:
        dsn = f"{url.replace('//', f'//{KEY}@')}/1"
        yield Addresses(dsn, f"{url}/services/T000/B000/sesame-of-the-chat")
