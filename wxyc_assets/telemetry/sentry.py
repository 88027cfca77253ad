"""Sentry: spans that say what a step did, in numbers; nothing at all without a DSN.

No event leaves from here. What went wrong reaches Sentry as an alert, once, through the outbox; so
no integration of the SDK is on, and none can send the same failure a second time.
"""

import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sentry_sdk
from sentry_sdk.traces import SpanStatus, StreamedSpan, new_trace, start_span
from sentry_sdk.transport import Transport
from sentry_sdk.utils import BadDsn, Dsn

from wxyc_assets.telemetry import logs
from wxyc_assets.telemetry.redaction import Redaction

FLUSH_SECONDS = 5.0
COMMAND_LINE = "process.command_args"
"""An attribute of the SDK's own; a command line may hold a password."""

Attributes = Mapping[str, str | int | float]


def check_dsn() -> bool:
    """Return True if SENTRY_DSN is set; raises ValueError if it is set to something else."""
    dsn = os.environ.get("SENTRY_DSN")  # noqa: TID251
    if not dsn:
        return False
    try:
        Dsn(dsn)
    except BadDsn as error:
        raise ValueError(
            f"SENTRY_DSN is not a DSN such as https://key@sentry.example.org/1: {error}"
        ) from None
    return True


def start(
    redaction: Redaction, *, sample_rate: float = 1.0, transport: Transport | None = None
) -> None:
    """Start Sentry in this process; without SENTRY_DSN nothing happens.

    The SDK reads SENTRY_DSN, SENTRY_ENVIRONMENT and SENTRY_RELEASE itself. `transport` is the test
    seam. Raises ValueError if SENTRY_DSN is not a DSN.
    """
    if transport is None and not check_dsn():
        return

    def stripped(telemetry: Any, _: Any) -> Any:
        telemetry.get("attributes", {}).pop(COMMAND_LINE, None)
        return redaction.everywhere(telemetry)

    sentry_sdk.init(
        transport=transport,
        trace_lifecycle="stream",
        traces_sample_rate=sample_rate,
        before_send=stripped,
        before_send_span=stripped,
        default_integrations=False,
        auto_enabling_integrations=False,
        auto_session_tracking=False,
        enable_backpressure_handling=False,
        include_local_variables=False,  # and no personal data: that is the default
        include_source_context=False,
        max_breadcrumbs=0,
    )


def is_on() -> bool:
    """Whether anybody listens."""
    return sentry_sdk.get_client().transport is not None


@dataclass(frozen=True, slots=True)
class Project:
    """Where events go, for who must know whether they arrived; the SDK does not tell."""

    envelope_url: str
    auth_header: str
    environment: str | None
    release: str | None


def project() -> Project | None:
    """The project of SENTRY_DSN; none without one."""
    client = sentry_sdk.get_client()
    if client.parsed_dsn is None:
        return None
    auth = client.parsed_dsn.to_auth(logs.REPO)
    return Project(
        envelope_url=auth.get_api_url(),
        auth_header=auth.to_header(),
        environment=client.options["environment"],
        release=client.options["release"],
    )


def flush() -> None:
    """Waits until everything is sent, or given up; before a process or a tick ends."""
    if is_on():
        sentry_sdk.flush(FLUSH_SECONDS)


@contextmanager
def span(name: str, attributes: Attributes, *, is_parent: bool = False) -> Generator[StreamedSpan]:
    """A span around a block, with what is known at its start; a failing block marks it so.

    Only one that `is_parent` takes later spans in; calls in flight beside each other may not.
    """
    opened = start_span(
        name=name,
        attributes={"sentry.op": name, **logs.bound(), **attributes},
        active=is_parent,
    )
    try:
        yield opened
    except BaseException:
        opened.status = SpanStatus.ERROR
        raise
    finally:
        opened.end()


def trace_headers(of: StreamedSpan) -> Iterator[tuple[str, str]]:
    """What carries the trace to another service."""
    return sentry_sdk.get_current_scope().iter_trace_propagation_headers(span=of)


@contextmanager
def step(tool: str, totals: Mapping[str, float]) -> Generator[None]:
    """The spans of a step: itself around the block, and in the end `<tool>.totals`.

    The totals are a span of their own because a number set after a span's start has once been
    indexed as text: here every one is there when the span is made.
    """
    if not is_on():
        yield
        return
    try:
        with sentry_sdk.isolation_scope():
            new_trace()
            with span(f"{tool}.step", {}, is_parent=True):
                try:
                    yield
                finally:
                    with span(f"{tool}.totals", totals):
                        pass
    finally:
        flush()
