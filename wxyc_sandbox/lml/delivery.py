"""Delivery of an answer: complete, stalled or cut off."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx

from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.lml.wire import (
    HTML,
    JSON,
    TEXT,
    HttpAnswer,
    Message,
    Receive,
    Send,
    as_object,
    send_answer,
    send_head,
)

CONNECTION = "wxyc.connection"
"""The scope extension in which `server` passes the connection's transport."""

CUTS = frozenset({"stalled_head", "stalled_body", "closed_head", "closed_body"})
"""Faults that prevent an answer from arriving."""

ERROR_PAGE = (
    b"<!doctype html><html><head><title>Application failed to respond</title></head></html>"
)


def status_answer(fault: Fault, clock: Callable[[], datetime]) -> HttpAnswer:
    """Return the answer of a `status` fault; `clock` is for a Retry-After that is a date."""
    content_type, body = {
        "json": (JSON, json.dumps({"message": f"Pretend {fault.status}"}).encode()),
        "text": (TEXT, b"Internal Server Error"),
        "html": (HTML, ERROR_PAGE),
        "empty": (JSON, b""),
    }[fault.body]
    return HttpAnswer(fault.status, body, content_type, _retry_after(fault, clock))


def edge_timeout() -> HttpAnswer:
    """Return the edge's answer to a call that takes too long."""
    return HttpAnswer(504, ERROR_PAGE, HTML)


def _retry_after(fault: Fault, clock: Callable[[], datetime]) -> tuple[tuple[bytes, bytes], ...]:
    seconds = fault.retry_after_seconds
    if seconds is None:
        return ()
    text = f"{seconds:g}"
    if fault.retry_after_as_date:
        text = format_datetime(clock() + timedelta(seconds=seconds), usegmt=True)
    return ((b"retry-after", text.encode()),)


async def deliver(
    answer: HttpAnswer, fault: Fault | None, scope: Message, receive: Receive, send: Send
) -> None:
    """Send an answer, or the part of it that the fault lets through."""
    match fault.kind if fault else None:
        case "stalled_head" | "closed_head":
            pass
        case "stalled_body" | "closed_body":
            await send_head(send, answer)
            half = answer.body[: len(answer.body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
        case _:
            await send_answer(send, answer)
            return
    assert fault is not None
    if fault.kind.startswith("stalled"):
        await _stall(fault.seconds, receive)
        drop(scope, httpx.ReadTimeout("the pretend LML stalled"))
    else:
        drop(scope, httpx.RemoteProtocolError("the pretend LML closed the connection"))


def drop(scope: Message, error: httpx.TransportError) -> None:
    """Close the connection; without one (ASGITransport), raise the error httpx would raise."""
    connection = _connection(scope)
    if connection is None:
        raise error
    connection.close()


def has_disconnected(scope: Message) -> bool:
    """Return True if the client is known to have hung up."""
    connection = _connection(scope)
    return connection is not None and connection.is_closing()


def _connection(scope: Message) -> Any:
    return as_object(scope.get("extensions")).get(CONNECTION)


async def _stall(seconds: float, receive: Receive) -> None:
    """Wait until the time is up or the client hangs up."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        pass
