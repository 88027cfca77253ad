"""A span around each call to LML, and the headers that let LML continue the trace."""

import json
import math
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
from sentry_sdk.traces import SpanStatus, StreamedSpan

from wxyc_assets.telemetry import sentry

NAMES = {
    "/api/v1/identity/bulk-resolve-libraries": "lml.bulk_resolve_libraries",
    "/api/v1/lookup": "lml.lookup",
    "/api/v1/cache/refresh-for-identities": "lml.refresh_for_identities",
    "/health": "lml.health",
}
CACHE_STATS = b'"cache_stats"'
"""With its quotes this can only be a key: inside a text JSON would escape them."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call under way; `headers` go with it."""

    span: StreamedSpan | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def answered(self, response: httpx.Response) -> None:
        """Notes the status and LML's own figures."""
        if self.span is None:
            return
        self.span.set_attribute("http.response.status_code", response.status_code)
        if response.is_error:
            self.span.status = SpanStatus.ERROR
        for name, number in cache_stats(response.content).items():
            self.span.set_attribute(f"lml.cache.{name}", number)


@contextmanager
def traced(method: str, path: str, payload: object) -> Generator[Call]:
    """A span from the request to the last byte of the answer."""
    if not sentry.is_on():
        yield Call()
        return
    attributes = {
        "sentry.op": "http.client",
        "http.request.method": method,
        "url.path": path,
        "lml.batch_size": _batch_size(payload),
    }
    with sentry.span(NAMES.get(path, path), attributes) as span:
        yield Call(span, dict(sentry.trace_headers(span)))


def _batch_size(payload: object) -> int:
    if not isinstance(payload, Mapping):
        return 0
    for value in cast(Mapping[str, Any], payload).values():
        if isinstance(value, list):
            return len(cast(list[Any], value))
    return 1


def cache_stats(body: bytes) -> dict[str, float]:
    """The numbers of the answer's last `cache_stats`; the rest of the body is not parsed."""
    _, found, rest = body.rpartition(CACHE_STATS)
    if not found:
        return {}
    try:
        text = rest[:4096].decode(errors="replace").lstrip().removeprefix(":").lstrip()
        stats, _ = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return {}
    if not isinstance(stats, dict):
        return {}
    return {k: v for k, v in cast(dict[str, Any], stats).items() if _is_number(v)}


def _is_number(value: Any) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))
