"""Sentry's SDK with a recording transport: spans as sent over the wire."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from wxyc_assets.telemetry import sentry
from wxyc_assets.telemetry.redaction import Redaction
from wxyc_sandbox.sentry_sink import Sink, read_envelope


class Recorder(Transport):
    """A transport that serialises each envelope and keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.sink = Sink()

    def capture_envelope(self, envelope: Envelope) -> None:
        body = envelope.serialize()
        self.sink.bodies.append(body)
        self.sink.envelopes.append(read_envelope(body)[1])

    def flush(self, timeout: float, callback: Any | None = None) -> None:
        """Return at once: envelopes are recorded synchronously."""


@contextmanager
def recording(redaction: Redaction | None = None) -> Generator[Sink]:
    """Start Sentry with a recording transport; switch it off afterwards."""
    recorder = Recorder()
    try:
        sentry.start(redaction or Redaction(), transport=recorder)
        yield recorder.sink
    finally:
        switch_sentry_off()


def switch_sentry_off() -> None:
    """Remove Sentry's client, as in a process without a DSN."""
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)


def attributes(span: dict[str, Any]) -> dict[str, Any]:
    """Return a span's attributes, asserting that each has the type it was sent as."""
    kinds = {"integer": int, "double": float, "string": str, "boolean": bool}
    for name, each in span["attributes"].items():
        if each["type"] in kinds:
            assert type(each["value"]) is kinds[each["type"]], (name, each)
    return {name: each["value"] for name, each in span["attributes"].items()}


def spans_named(sink: Sink, name: str) -> list[dict[str, Any]]:
    """Return the spans with this name, in order of their start."""
    found = [each for each in sink.spans if each["name"] == name]
    return sorted(found, key=lambda each: each["start_timestamp"])
