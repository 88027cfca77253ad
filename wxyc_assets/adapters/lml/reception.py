"""Receiving LML's responses: never more than a limit, and never with our own key in them."""

import re
import zlib
from typing import Any, cast
from urllib.parse import quote

import httpx

from wxyc_assets.adapters.lml.wire import NotAnAnswer
from wxyc_assets.telemetry.redaction import HIDDEN, Redaction

MEBIBYTE = 1 << 20
MAX_ANSWER_MIB = 64
"""A few times the largest answer of LML's: 1,000 compilations are about 11 MB."""
MAX_ERROR_BYTES = 64 << 10
"""The most that is read of a body that only explains an error."""
BYTES_PER_VALUE = 8
"""LML's answers have 12 or more. A value takes up to 70 bytes in memory, however short it is."""
ACCEPTED = {"Accept-Encoding": "gzip"}
ABOUT_TRANSFER = frozenset({"content-encoding", "content-length", "transfer-encoding"})
GZIP = 16 + zlib.MAX_WBITS
SHORTEST_KEY = 8
"""A shorter one could be part of a name, which must arrive as it is."""
ESCAPED_ASCII = re.compile(rb"\\(?:/|u00[2-7])")


class Reception:
    """Reads the responses of one server; `api_key` is hidden wherever it is repeated."""

    def __init__(self, api_key: str | None, *, max_mib: int) -> None:
        self._redaction = Redaction([api_key] if api_key else ())
        is_hidden = api_key is not None and len(api_key) >= SHORTEST_KEY
        self._key = _KeyInBody(api_key) if api_key and is_hidden else None
        self._max_mib = max_mib

    async def read(self, response: httpx.Response) -> httpx.Response:
        """Return the body of a 200, or an error's headers with as much of its body as is quoted.

        Raises httpx.HTTPError, and NotAnAnswer for a body that takes too much memory.
        """
        is_answer = response.status_code == 200
        limit = self._max_mib * MEBIBYTE if is_answer else MAX_ERROR_BYTES
        received = await _read_body(response, limit + 1)
        if is_answer:
            self._check_size(received)
        body = bytes(received[:limit])
        return httpx.Response(
            response.status_code,
            headers=None if is_answer else self._headers(response),
            content=self._key.hide_in(body) if self._key else body,
            request=response.request,
        )

    def text(self, text: str) -> str:
        """Return a text that may quote LML without the key."""
        return self._redaction.text(text)

    def _headers(self, response: httpx.Response) -> httpx.Headers:
        headers = [
            (name, self.text(value))
            for name, value in response.headers.multi_items()
            if name not in ABOUT_TRANSFER
        ]
        return httpx.Headers(headers, encoding="utf-8")

    def _check_size(self, body: bytearray) -> None:
        if len(body) > self._max_mib * MEBIBYTE:
            raise NotAnAnswer(
                f"the body is larger than {self._max_mib} MiB, and was read no further. A smaller "
                "page has a smaller answer (BATCH_SIZE, VA_BATCH_SIZE); LML_MAX_ANSWER_MIB is the "
                "limit"
            )
        if len(body) > MEBIBYTE:
            values = sum(map(body.count, b",[{"))
            if values * BYTES_PER_VALUE > len(body):
                raise NotAnAnswer(
                    f"{values:,} values in {len(body):,} bytes cannot be an answer from LML"
                )


async def _read_body(response: httpx.Response, limit: int) -> bytearray:
    """Return at most about `limit` bytes of the body; of a bomb, no more is inflated."""
    inflater = _inflater(response.headers.get("Content-Encoding", ""))
    body = bytearray()
    # Not aiter_raw(), which takes no response that was made from bytes.
    async for chunk in cast(httpx.AsyncByteStream, response.stream):
        try:
            body += inflater.decompress(chunk, limit - len(body)) if inflater else chunk
        except zlib.error as error:
            raise httpx.DecodingError(f"the body is not gzip: {error}") from None
        if len(body) >= limit:
            return body
    if inflater and not inflater.eof:
        raise httpx.DecodingError("the gzip stream is cut off")
    return body


def _inflater(encoding: str) -> Any:
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(GZIP)
        case _:
            raise httpx.DecodingError(f"Content-Encoding {encoding!a:.60} was not asked for")


class _KeyInBody:
    """Our key in the bytes of a body: as it is, percent-encoded, or with JSON's escapes."""

    def __init__(self, key: str) -> None:
        self._forms = {each.encode() for each in (key, quote(key, safe=""))}
        self._escaped = re.compile(b"".join(map(_json_forms, key)), re.IGNORECASE)

    def hide_in(self, body: bytes) -> bytes:
        for form in self._forms:
            body = body.replace(form, HIDDEN.encode())
        if ESCAPED_ASCII.search(body):
            body = self._escaped.sub(HIDDEN.encode(), body)
        return body


def _json_forms(character: str) -> bytes:
    """Return a pattern of the ways in which JSON can hold a character."""
    escape = rb"\\u%04x" % ord(character)
    return b"(?:%b|\\\\?%b)" % (escape, re.escape(character.encode()))
