"""The pretend LML, an ASGI application: tests mount it, people serve it."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

from wxyc_sandbox.credits import credits as usual_credits
from wxyc_sandbox.lml import control
from wxyc_sandbox.lml.calls import Call, now
from wxyc_sandbox.lml.catalogue import Catalogue
from wxyc_sandbox.lml.counters import Counters
from wxyc_sandbox.lml.delivery import CUTS, deliver, edge_timeout, is_gone, status_answer
from wxyc_sandbox.lml.discogs import DiscogsModel
from wxyc_sandbox.lml.faults import Fault, Switchboard
from wxyc_sandbox.lml.resolve import Answers, Credits
from wxyc_sandbox.lml.routes import Route, routes
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.lml.tampering import ids, tamper
from wxyc_sandbox.lml.wire import (
    HttpAnswer,
    Message,
    Receive,
    Refusal,
    Request,
    Send,
    json_answer,
    parse,
    read,
    send_answer,
)

USUAL = LmlSettings()


def utc_now() -> datetime:
    return datetime.now(UTC)


class PretendLml:
    """One LML. It lives on one event loop; all its waiting and timing is that loop's.

    `catalogue` holds (legacy_release_id, artist_name, album_title); `answers` may return a whole
    bulk-resolve result for an input, or None for the usual one; `clock` dates a Retry-After.
    """

    def __init__(
        self,
        settings: LmlSettings = USUAL,
        catalogue: Iterable[tuple[int, str, str]] = (),
        credits: Credits = usual_credits,
        *,
        answers: Answers | None = None,
        faults: Sequence[Fault] = (),
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.settings = settings
        self.discogs = DiscogsModel(settings)
        self.counters = Counters(self.discogs)
        self._switchboard = Switchboard(faults)
        self._clock = clock
        self._routes = routes(Catalogue(catalogue), self.discogs, credits, answers)
        self._lanes = [asyncio.Semaphore(settings.bulk_admission) for _ in range(settings.workers)]
        self._turns = cycle(range(settings.workers))

    @property
    def faults(self) -> tuple[Fault, ...]:
        return self._switchboard.faults

    @faults.setter
    def faults(self, faults: Sequence[Fault]) -> None:
        self._switchboard = Switchboard(faults)

    def configure(self, **changes: Any) -> None:
        """Change settings from the next call on; `workers` and `bulk_admission` stay.

        Raises ValueError for a bad name or value.
        """
        self.settings = self.discogs.settings = self.settings.changed(changes)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError("the pretend LML speaks HTTP only")
        request = await read(scope, receive)
        try:
            if request.path.startswith(control.PREFIX):
                await send_answer(send, control.answer(self, request))
                return
            route = self._route(request)
        except Refusal as refusal:
            await send_answer(send, refusal.answer())
            return
        call = Call(route.name, request, self.settings, next(self._turns))
        with self.counters.flight() if route.protected else nullcontext():
            await self._serve(call, route, scope, receive, send)

    def _route(self, request: Request) -> Route:
        route = self._routes.get(request.path)
        if route is None or (route.name == "refresh" and not self.settings.refresh_exists):
            raise Refusal(404, "Not Found")
        if request.method != route.method:
            raise Refusal(405, "Method Not Allowed")
        return route

    async def _serve(
        self, call: Call, route: Route, scope: Message, receive: Receive, send: Send
    ) -> None:
        broken = _parse(call) if call.request.method == "POST" else None
        rows = route.endpoint.rows(call.payload)
        self.counters.ask(call, len(rows))
        faults = self._switchboard.strike(call.route, rows)
        answer, given = await self._answer(call, route, faults, broken)
        self.counters.finish(call, answer.status)
        cut = next((fault for fault in faults if fault.kind in CUTS), None)
        if cut is None and not is_gone(scope):
            self.counters.deliver(call, given.intersection(rows))
        await deliver(answer, cut, scope, receive, send)

    async def _answer(
        self, call: Call, route: Route, faults: Collection[Fault], broken: Refusal | None
    ) -> tuple[HttpAnswer, set[int]]:
        """The answer, and the ids of the rows it answers."""
        for fault in faults:
            if fault.kind == "status":
                return status_answer(fault, self._clock), set()
            if fault.kind == "breaker":
                self.configure(breaker=fault.breaker)
        try:
            self._authorize(call, route)
            if broken is not None:
                raise broken
            async with asyncio.timeout(call.settings.edge_timeout_seconds), self._lane(call, route):
                return await self._work(call, route, faults)
        except Refusal as refusal:
            return refusal.answer(), set()
        except TimeoutError:
            return edge_timeout(), set()

    async def _work(
        self, call: Call, route: Route, faults: Collection[Fault]
    ) -> tuple[HttpAnswer, set[int]]:
        call.started = now()
        payload = await route.endpoint.answer(call)
        for fault in faults:
            payload = tamper(payload, fault, call.route)
        answer = json_answer(payload, status=call.status)
        given = ids(payload, call.route)
        if any(fault.kind == "malformed" for fault in faults):
            answer = replace(answer, body=answer.body[: len(answer.body) // 2])
            given.clear()
        await call.finish()
        return answer, given

    def _authorize(self, call: Call, route: Route) -> None:
        key = call.settings.api_key
        if key is None or not route.protected:
            return
        authorization = call.request.header(b"authorization")
        if authorization is None:
            raise Refusal(401, "Missing authorization")
        if authorization != f"Bearer {key}":
            raise Refusal(403, "Invalid token")

    def _lane(self, call: Call, route: Route) -> AbstractAsyncContextManager[object]:
        """Bulk calls and batch lookups wait here for their worker."""
        batch = call.request.header(b"x-caller-class") == "5"
        return self._lanes[call.worker] if route.bulk or batch else nullcontext()


def _parse(call: Call) -> Refusal | None:
    try:
        call.payload = parse(call.request.body)
    except Refusal as refusal:
        return refusal
    return None
