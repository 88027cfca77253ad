"""Who hears of an alert: Sentry, and a chat's webhook.

ReceiverError
├── ReceiverUnavailable     no answer, or "later, please": its other letters wait, too
└── ReceiverRefused         a no to this letter
"""

import json
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

import httpx
from sentry_sdk.envelope import Envelope

from wxyc_assets.domain.alerts import Alert, Kind
from wxyc_assets.telemetry import sentry
from wxyc_assets.telemetry.logs import REPO

TIMEOUT_SECONDS = 5.0
MARKS = {"error": "\N{LARGE RED CIRCLE}", "warning": "\N{LARGE ORANGE CIRCLE}"}
RECOVERED = "\N{LARGE GREEN CIRCLE}"

Json = dict[str, Any]


class ChannelError(Exception):
    """An alert did not arrive; the message holds neither the address nor the key."""


class ChannelUnavailable(ChannelError):
    """The receiver did not answer, or asked us to come back later."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds that the receiver asked us to wait."""


class ReceiverRefused(ChannelError):
    """The receiver said no to one letter."""


class AlertChannel(Protocol):
    """Takes letters in a form of its own; the same event id twice is the same letter."""

    @property
    def name(self) -> str: ...

    def worded(self, alert: Alert, link: str | None) -> Json:
        """The alert as this receiver wants it, with a link to the run."""
        ...

    async def send(self, event_id: str, payload: Json) -> None:
        """Returns when it has arrived; raises ReceiverError."""
        ...


class SentryProject:
    """Sentry, where an alert is an event; told directly, to know whether it arrived."""

    name = "sentry"

    def __init__(self, http: httpx.AsyncClient, project: sentry.Project) -> None:
        self._http = http
        self._project = project

    def worded(self, alert: Alert, link: str | None) -> Json:
        """Grouped by subject; a recovery is a group of its own, so that it reopens nothing."""
        subject = alert.subject
        ending = ("recovered",) if alert.is_recovery else ()
        run_id = alert.run_id
        tool = subject.asset if subject.kind is Kind.CHECK else subject.name
        facts = {"repo": REPO, "tool": tool, "step": subject.name, "run_id": run_id}
        return {
            "event_id": alert.event_id,
            "timestamp": alert.at.isoformat(),
            "platform": "other",
            "logger": "wxyc_assets.alerts",
            "level": alert.level.value,
            "environment": self._project.environment,
            "release": self._project.release,
            "fingerprint": [*subject.key.split("|"), *ending],
            "logentry": {"formatted": _lines(alert.title, alert.text)},
            "tags": {**facts, **subject.tags},
            "contexts": {"numbers": dict(alert.numbers), "run": {"id": run_id, "link": link}},
            "extra": dict(alert.facts),
        }

    async def send(self, event_id: str, payload: Json) -> None:
        envelope = Envelope(headers={"event_id": event_id})
        envelope.add_event(payload)  # pyright: ignore[reportArgumentType]
        headers = {
            "X-Sentry-Auth": self._project.auth_header,
            "Content-Type": "application/x-sentry-envelope",
        }
        await _post(self._http, self._project.envelope_url, envelope.serialize(), headers)


class Webhook:
    """A chat that takes `{"text": ...}`, as Slack, Mattermost and Rocket.Chat do."""

    name = "webhook"

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http = http
        self._url = url

    def worded(self, alert: Alert, link: str | None) -> Json:
        mark = RECOVERED if alert.is_recovery else MARKS[alert.level]
        told: Mapping[str, object] = {**alert.numbers, **alert.facts}
        figures = [f"{name}: {_short(value)}" for name, value in told.items()]
        run_id = alert.run_id
        run = f"<{link}|run {run_id[:8]}>" if link else f"run {run_id[:8]}"
        title = f"{mark} *{_escaped(alert.title)}*"
        return {"text": _lines(title, _escaped(_lines(alert.text, *figures)), run)}

    async def send(self, event_id: str, payload: Json) -> None:
        headers = {"Content-Type": "application/json", "Idempotency-Key": event_id}
        await _post(self._http, self._url, json.dumps(payload).encode(), headers)


def _lines(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


async def _post(http: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str]) -> None:
    try:
        response = await http.post(url, content=body, headers=headers)
    except httpx.InvalidURL:
        raise ChannelUnavailable("its address is none") from None
    except httpx.HTTPError as error:
        raise ChannelUnavailable(f"no answer: {type(error).__name__}") from None
    status = response.status_code
    if status in {408, 425, 429} or status >= 500:
        retry_after = response.headers.get("Retry-After", "")
        seconds = float(retry_after) if retry_after.isdecimal() else None
        raise ChannelUnavailable(f"HTTP {status}", retry_after=seconds)
    if not response.is_success:
        raise ReceiverRefused(f"HTTP {status}")


@asynccontextmanager
async def open_channels(webhook_url: str | None) -> AsyncGenerator[Collection[AlertChannel]]:
    """Sentry where it is on, and the webhook where there is one."""
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as http:
        receivers: list[AlertChannel] = []
        if project := sentry.project():
            receivers.append(SentryProject(http, project))
        if webhook_url:
            receivers.append(Webhook(http, webhook_url))
        yield receivers
