"""A span around each call to LML, and the headers that let LML continue the trace."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
from sentry_sdk.traces import SpanStatus, StreamedSpan

from wxyc_assets.adapters.lml import bulk_resolve, health, lookup, refresh
from wxyc_assets.adapters.lml.wire import is_count
from wxyc_assets.telemetry import sentry

NAMES = {each.PATH: each.SPAN for each in (bulk_resolve, lookup, refresh, health)}
PROBE = "lml.probe"
CACHE_STATS = b'"cache_stats"'
"""With its quotes this can only be a key: inside a string JSON escapes them."""
DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Call:
    """A call in flight; send `headers` with it."""

    span: StreamedSpan | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    is_probe: bool = False
    """True for an empty batch, which LML rejects as it should."""

    def answered(self, response: httpx.Response) -> None:
        """Put the status and LML's cache statistics on the span."""
        if self.span is None:
            return
        self.span.set_attribute("http.response.status_code", response.status_code)
        if response.is_error and not self.is_probe:
            self.span.status = SpanStatus.ERROR
        for name, number in cache_stats(response.content).items():
            self.span.set_attribute(f"lml.cache.{name}", number)


@contextmanager
def traced(method: str, path: str, body: object) -> Generator[Call]:
    """Open a span from the request to the last byte of the response."""
    if not sentry.is_on():
        yield Call()
        return
    attributes = {
        "sentry.op": "http.client",
        "http.request.method": method,
        "url.path": path,
        "lml.batch_size": _batch_size(body),
    }
    is_probe = body is not None and attributes["lml.batch_size"] == 0
    name = PROBE if is_probe else NAMES.get(path, path)
    with sentry.span(name, attributes) as span:
        yield Call(span, dict(sentry.trace_headers(span)), is_probe)


def _batch_size(body: object) -> int:
    if not isinstance(body, Mapping):
        return 0
    for value in cast(Mapping[str, Any], body).values():
        if isinstance(value, list):
            return len(cast(list[Any], value))
    return 1


def cache_stats(body: bytes) -> dict[str, float]:
    """Return the counts of the last `cache_stats`; the rest of the body is not parsed."""
    _, found, rest = body.rpartition(CACHE_STATS)
    if not found:
        return {}
    try:
        text = rest[:4096].decode(errors="replace").lstrip().removeprefix(":").lstrip()
        stats, _ = DECODER.raw_decode(text)
    except ValueError:
        return {}
    if not isinstance(stats, dict):
        return {}
    return {k: v for k, v in cast(dict[str, Any], stats).items() if is_count(v)}
