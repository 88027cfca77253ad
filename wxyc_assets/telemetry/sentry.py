"""Sentry: spans with a step's counters; nothing at all without a DSN.

No event is sent from here. A failure reaches Sentry as an alert, once, through the alert queue; so
no integration of the SDK is on, and none can send the same failure a second time.
"""

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
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
"""An attribute that the SDK sets; a command line may contain a password."""

Attributes = Mapping[str, str | int | float]


def check_dsn() -> bool:
    """Return True if SENTRY_DSN is set; raises ValueError if it is not a DSN."""
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
    """Return True if telemetry is sent."""
    return sentry_sdk.get_client().transport is not None


@dataclass(frozen=True, slots=True)
class Project:
    """The address of events, for those who must know whether they arrived; the SDK does not say."""

    envelope_url: str
    auth_header: str
    environment: str | None
    release: str | None


def project() -> Project | None:
    """Return the project of SENTRY_DSN, or None without one."""
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
    """Wait until everything is sent or given up; call it before a process or a tick ends."""
    if is_on():
        sentry_sdk.flush(FLUSH_SECONDS)


@dataclass(frozen=True, slots=True)
class SpanName:
    """A span's name and, where that differs, its op."""

    name: str
    op: str | None = None


@contextmanager
def span(
    name: str, attributes: Attributes, *, op: str | None = None, is_parent: bool = False
) -> Generator[StreamedSpan]:
    """Open a span around a block, with what is known at its start; a failing block marks it so.

    Its op is its name, unless one is given. Only a span with `is_parent` becomes the parent of
    later ones; concurrent calls must not.
    """
    opened = start_span(
        name=name,
        attributes={"sentry.op": op or name, **logs.bound(), **attributes},
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
    """Yield the headers that carry the trace to another service."""
    return sentry_sdk.get_current_scope().iter_trace_propagation_headers(span=of)


@contextmanager
def step(
    tool: str, totals: Mapping[str, float], *, also: Sequence[SpanName] = ()
) -> Generator[None]:
    """Open the span of a step around a block, and send `<tool>.totals` at its end.

    The totals are sent under the names in `also` as well.

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
                    for each in (SpanName(f"{tool}.totals"), *also):
                        with span(each.name, totals, op=each.op):
                            pass
    finally:
        flush()
