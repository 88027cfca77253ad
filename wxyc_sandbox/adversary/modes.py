"""Hostile answers, each as the bytes that go over the connection.

An honest answer of LML is at hand, as the material for lies; afterwards the connection is closed.
"""

import asyncio
import json
import zlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, assert_never, cast

import httpx

Json = dict[str, Any]

DRIP_SECONDS = 1.0
CHUNK = b" " * (1 << 20)
HUGE_CHUNKS = 200
BOMB_CHUNKS = 2048
DEPTH = 100_000
STALL_SECONDS = 3600.0


class Mode(StrEnum):
    """A way to be hostile."""

    DRIP = "drip"
    """The honest answer, one byte a second after its head."""
    DRIP_HEAD = "drip-head"
    """The honest answer, one byte a second from its first byte on."""
    HUGE = "huge"
    """A body of 200 MB."""
    ENDLESS = "endless"
    """A body without an end."""
    BOMB = "bomb"
    """2 MB of gzip that inflate to 2 GB."""
    DEEP = "deep"
    """JSON that is nested 100,000 times."""
    REPEATS = "repeats"
    """The honest answer with a key twice in each result, of which the second one lies."""
    DENSE = "dense"
    """60 MB of JSON that take 24 times as much memory."""
    ECHO_BODY = "echo-body"
    """A 200 whose body is not JSON and begins with our Authorization header."""
    ECHO_STATUS = "echo-status"
    """A status line that cannot be parsed and holds our Authorization header."""
    ECHO_REFUSAL = "echo-refusal"
    """A 400 that repeats our Authorization header, in a header and in the body."""
    ECHO_ROWS = "echo-rows"
    """The honest answer with our key in each result, plain and escaped."""
    POISON = "poison"
    """The honest answer with a value that is not allowed in each result."""
    LIE = "lie"
    """A well-formed answer that knows nothing: no id, confidence 0, covers that run scripts."""
    DRIFT = "drift"
    """The honest answer with a method that the contract does not name."""
    HANG_UP = "hang-up"
    """Half of the honest answer."""
    STALL = "stall"
    """Nothing, for an hour."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request's Authorization header, and LML's honest answer."""

    authorization: str
    honest: httpx.Response

    @property
    def key(self) -> str:
        return self.authorization.removeprefix("Bearer ")


def answer(mode: Mode, exchange: Exchange, *, every_row: int) -> AsyncGenerator[bytes]:
    """Return the bytes of a hostile answer; `poison` hits every Nth row."""
    match mode:
        case Mode.DRIP:
            return _drip(exchange.honest.content, at_once=head(len(exchange.honest.content)))
        case Mode.DRIP_HEAD:
            return _drip(head(len(exchange.honest.content)) + exchange.honest.content)
        case Mode.HUGE:
            return _spaces(HUGE_CHUNKS)
        case Mode.ENDLESS:
            return _spaces(None)
        case Mode.BOMB:
            return _bomb()
        case Mode.DEEP:
            return _whole(b"[" * DEPTH)
        case Mode.REPEATS:
            return _whole(_with_repeats(exchange))
        case Mode.DENSE:
            return _whole(b'{"results": [' + b"[]," * (20 << 20) + b"[]]}")
        case Mode.ECHO_BODY:
            return _whole(f"You sent {exchange.authorization}".encode())
        case Mode.ECHO_STATUS:
            return _raw(f"HTTP/1.1 {exchange.authorization}\r\n\r\n".encode())
        case Mode.ECHO_REFUSAL:
            body = f"You sent {exchange.authorization}".encode()
            return _whole(body, f"X-Sent: {exchange.authorization}", status="400 Bad Request")
        case Mode.ECHO_ROWS:
            return _whole(_with_key(exchange))
        case Mode.POISON:
            return _whole(_tampered(exchange, _poison, every_row))
        case Mode.LIE:
            return _whole(_tampered(exchange, _lie, 1))
        case Mode.DRIFT:
            return _whole(_tampered(exchange, _drift, every_row))
        case Mode.HANG_UP:
            return _half(exchange)
        case Mode.STALL:
            return _stall()
        case _:
            assert_never(mode)


def honest_answer(exchange: Exchange) -> AsyncGenerator[bytes]:
    """Return the bytes of the honest answer."""
    status = f"{exchange.honest.status_code} {exchange.honest.reason_phrase}"
    return _whole(exchange.honest.content, status=status)


def head(length: int | None, *headers: str, status: str = "200 OK") -> bytes:
    """Return a response's head; without a length, the body ends with the connection."""
    lines = [
        f"HTTP/1.1 {status}",
        "Content-Type: application/json",
        "Connection: close",
        *([] if length is None else [f"Content-Length: {length}"]),
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def _raw(text: bytes) -> AsyncGenerator[bytes]:
    yield text


async def _whole(body: bytes, *headers: str, status: str = "200 OK") -> AsyncGenerator[bytes]:
    yield head(len(body), *headers, status=status) + body


async def _half(exchange: Exchange) -> AsyncGenerator[bytes]:
    body = exchange.honest.content
    yield head(len(body)) + body[: len(body) // 2]


async def _drip(text: bytes, *, at_once: bytes = b"") -> AsyncGenerator[bytes]:
    yield at_once
    for at in range(len(text)):
        yield text[at : at + 1]
        await asyncio.sleep(DRIP_SECONDS)


async def _stall() -> AsyncGenerator[bytes]:
    await asyncio.sleep(STALL_SECONDS)
    yield b""


async def _spaces(chunks: int | None) -> AsyncGenerator[bytes]:
    yield head(None) + b'{"results": '
    sent = 0
    while chunks is None or sent < chunks:
        yield CHUNK
        sent += 1
    yield b"[]}"


async def _bomb() -> AsyncGenerator[bytes]:
    compressor = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    yield head(None, "Content-Encoding: gzip")
    yield compressor.compress(b'{"results": ') + compressor.flush(zlib.Z_FULL_FLUSH)
    block = compressor.compress(CHUNK) + compressor.flush(zlib.Z_FULL_FLUSH)
    for _ in range(BOMB_CHUNKS):  # after a full flush a block can be repeated
        yield block


def _with_key(exchange: Exchange) -> bytes:
    escaped = "".join(f"\\u{ord(each):04x}" for each in exchange.key)
    payload = _payload(exchange)
    for result in payload.get("results", ()):
        result |= {"debug": exchange.authorization, "trace": "ESCAPED"}
    return json.dumps(payload).replace("ESCAPED", escaped).encode()


def _with_repeats(exchange: Exchange) -> bytes:
    payload = _payload(exchange)
    for result in payload.get("results", ()):
        result["REPEATED"] = 0
    return json.dumps(payload).replace('"REPEATED"', '"library_id"').encode()


def _tampered(exchange: Exchange, tamper: Callable[[Json, int], None], every_row: int) -> bytes:
    payload = _payload(exchange)
    for number, result in enumerate(payload.get("results", ())):
        if number % every_row == 0:
            tamper(result, number)
    return json.dumps(payload).encode()


def _payload(exchange: Exchange) -> Json:
    payload = exchange.honest.json()
    return cast(Json, payload) if isinstance(payload, dict) else {}


BAD_IDENTITIES: tuple[Json, ...] = (
    {"confidence": float("nan")},
    {"confidence": 1.5},
    {"confidence": "high"},
    {"main": {"spotify_artist_id": "'; drop table library; --"}},
    {"provenance": [{"source": "musicbrainz", "external_id": {"$ne": 1}, "confidence": 1}]},
    {"provenance": [{"source": ["discogs"], "external_id": "1", "confidence": 1}]},
    {"provenance": "discogs"},
)
WELL_FORMED: Json = {
    "kind": "single_artist",
    "main": {"discogs_artist_id": 1},
    "method": "exact_match",
    "confidence": 1.0,
    "provenance": [],
}
SCRIPT = "javascript:alert(document.cookie)"


def _poison(result: Json, number: int) -> None:
    bad = BAD_IDENTITIES[number % len(BAD_IDENTITIES)]
    if "kind" in result:
        result |= WELL_FORMED | bad
    else:
        _set_cover(result, f'https://img.example.org/{number}" onerror="alert(1)')


def _lie(result: Json, number: int) -> None:
    if "kind" in result:
        result |= WELL_FORMED | {"main": {}, "confidence": 0.0}
    else:
        _set_cover(result, SCRIPT)


def _drift(result: Json, number: int) -> None:
    if result.get("method"):
        result["method"] = "vector_search"


def _set_cover(result: Json, url: str) -> None:
    artwork = result.get("artwork")
    if isinstance(artwork, dict):
        cast(Json, artwork)["artwork_url"] = url
