"""The pretend LML: an ASGI application that tests mount and the sandbox serves."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

from wxyc_sandbox.credits import credits as default_credits
from wxyc_sandbox.lml import control, pictures
from wxyc_sandbox.lml.calls import LmlCall, now
from wxyc_sandbox.lml.catalogue import Catalogue
from wxyc_sandbox.lml.counters import Counters
from wxyc_sandbox.lml.delivery import CUTS, deliver, edge_timeout, has_disconnected, status_answer
from wxyc_sandbox.lml.discogs import DiscogsModel
from wxyc_sandbox.lml.faults import Fault, FaultInjector
from wxyc_sandbox.lml.pictures import CoverPictures
from wxyc_sandbox.lml.resolve import AnswerOverride, Credits, is_probe
from wxyc_sandbox.lml.routes import Route, routes
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.lml.tampering import answered_ids, tamper
from wxyc_sandbox.lml.wire import (
    HttpAnswer,
    HttpError,
    Message,
    Receive,
    Request,
    Send,
    json_answer,
    parse,
    read,
    send_answer,
)

DEFAULTS = LmlSettings()


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


class PretendLml:
    """A pretend LML, bound to one event loop, which also provides its clock.

    `catalogue` holds (legacy_release_id, artist_name, album_title). `answers` may return a complete
    bulk-resolve result for an input, or None for the default one. `clock` is for a Retry-After that
    is a date.
    """

    def __init__(
        self,
        settings: LmlSettings = DEFAULTS,
        catalogue: Iterable[tuple[int, str, str]] = (),
        credits: Credits = default_credits,
        *,
        answers: AnswerOverride | None = None,
        faults: Sequence[Fault] = (),
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.settings = settings
        self.discogs = DiscogsModel(settings)
        self.counters = Counters(self.discogs)
        self._injector = FaultInjector(faults)
        self._clock = clock
        records = Catalogue(catalogue)
        self._pictures = CoverPictures(records)
        self._routes = routes(records, self.discogs, credits, answers)
        self._admission = [
            asyncio.Semaphore(settings.bulk_admission) for _ in range(settings.workers)
        ]
        self._next_worker = cycle(range(settings.workers))

    @property
    def faults(self) -> tuple[Fault, ...]:
        return self._injector.faults

    @faults.setter
    def faults(self, faults: Sequence[Fault]) -> None:
        self._injector = FaultInjector(faults)

    def configure(self, **changes: Any) -> None:
        """Change settings from the next call on, except `workers` and `bulk_admission`.

        Raises ValueError for a bad name or value.
        """
        self.settings = self.discogs.settings = self.settings.changed(changes)
        if "breaker" in changes:
            self.discogs.set_breakers(self.settings.breaker)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError("the pretend LML serves HTTP only")
        request = await read(scope, receive)
        try:
            if request.path.startswith(control.PREFIX):
                await send_answer(send, control.answer(self, request))
                return
            if request.path.startswith(pictures.PREFIX):
                await send_answer(send, self._pictures.answer(request))
                return
            route = self._route(request)
        except HttpError as error:
            await send_answer(send, error.answer())
            return
        call = LmlCall(route.name, request, self.settings, next(self._next_worker))
        self.counters.count_caller(call)
        with self.counters.track_in_flight() if route.protected else nullcontext():
            await self._serve(call, route, scope, receive, send)

    def _route(self, request: Request) -> Route:
        route = self._routes.get(request.path)
        if route is None or (route.name == "refresh" and not self.settings.refresh_exists):
            raise HttpError(404, "Not Found")
        if request.method != route.method:
            raise HttpError(405, "Method Not Allowed")
        return route

    async def _serve(
        self, call: LmlCall, route: Route, scope: Message, receive: Receive, send: Send
    ) -> None:
        parse_error = _parse(call) if call.request.method == "POST" else None
        rows = route.endpoint.rows(call.payload)
        if is_probe(call.route, call.payload):
            faults = self._injector.lasting_faults(call.route)
            answer, answered = await self._answer(call, route, faults, parse_error)
        else:
            self.counters.count_request(call, len(rows))
            faults = self._injector.faults_for(call.route, rows)
            answer, answered = await self._answer(call, route, faults, parse_error)
            self.counters.count_response(call, answer.status)
        cut = next((fault for fault in faults if fault.kind in CUTS), None)
        if cut is None and not has_disconnected(scope):
            self.counters.count_answered(call, answered.intersection(rows))
        await deliver(answer, cut, scope, receive, send)

    async def _answer(
        self, call: LmlCall, route: Route, faults: Collection[Fault], parse_error: HttpError | None
    ) -> tuple[HttpAnswer, set[int]]:
        """Return the answer and the ids of the rows that it answers."""
        for fault in faults:
            if fault.kind == "status":
                return status_answer(fault, self._clock), set()
            if fault.kind == "breaker":
                self.configure(breaker=fault.breaker)
        try:
            self._authorize(call, route)
            if parse_error is not None:
                raise parse_error
            async with (
                asyncio.timeout(call.settings.edge_timeout_seconds),
                self._admitted(call, route),
            ):
                return await self._execute(call, route, faults)
        except HttpError as error:
            return error.answer(), set()
        except TimeoutError:
            return edge_timeout(), set()

    async def _execute(
        self, call: LmlCall, route: Route, faults: Collection[Fault]
    ) -> tuple[HttpAnswer, set[int]]:
        call.started = now()
        payload = await route.endpoint.answer(call)
        for fault in faults:
            payload = tamper(payload, fault, call.route)
        answer = json_answer(payload, status=call.status)
        answered = answered_ids(payload, call.route)
        if any(fault.kind == "malformed" for fault in faults):
            answer = replace(answer, body=answer.body[: len(answer.body) // 2])
            answered.clear()
        await call.finish()
        return answer, answered

    def _authorize(self, call: LmlCall, route: Route) -> None:
        key = call.settings.api_key
        if key is None or not route.protected:
            return
        authorization = call.request.header(b"authorization")
        if authorization is None:
            raise HttpError(401, "Missing authorization")
        if authorization != f"Bearer {key}":
            raise HttpError(403, "Invalid token")

    def _admitted(self, call: LmlCall, route: Route) -> AbstractAsyncContextManager[object]:
        """Return the admission of the call's worker for bulk calls and batch lookups."""
        batch = call.request.header(b"x-caller-class") == "5"
        return self._admission[call.worker] if route.bulk or batch else nullcontext()


def _parse(call: LmlCall) -> HttpError | None:
    try:
        call.payload = parse(call.request.body)
    except HttpError as error:
        return error
    return None
