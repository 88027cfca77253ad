"""The channels that alerts are sent to: Sentry, and a chat's webhook.

ChannelError
├── ChannelUnavailable      no answer, or asked to retry later: its other alerts wait as well
└── ChannelRefused          this alert was rejected
"""

import json
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any, Protocol

import httpx
from sentry_sdk.envelope import Envelope

from wxyc_assets.domain.alerts import Alert, Kind
from wxyc_assets.telemetry import sentry
from wxyc_assets.telemetry.logs import REPO

TIMEOUT_SECONDS = 5.0
NAMED = 3
"""Places, and records, that a message names."""
LONGEST_LINE = 600
MARKS = {"error": "\N{LARGE RED CIRCLE}", "warning": "\N{LARGE ORANGE CIRCLE}"}
RECOVERED = "\N{LARGE GREEN CIRCLE}"

Json = dict[str, Any]


class ChannelError(Exception):
    """An alert was not delivered; the message contains neither the URL nor the key."""


class ChannelUnavailable(ChannelError):
    """The channel did not answer, or asked to retry later."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """The wait in seconds that the channel asked for."""


class ChannelRefused(ChannelError):
    """The channel rejected one alert."""


class AlertChannel(Protocol):
    """Accepts alerts in a format of its own; two with the same event id are the same alert."""

    @property
    def name(self) -> str: ...

    def render(self, alert: Alert, link: str | None) -> Json:
        """Return the alert in this channel's format, with a link to the run."""
        ...

    async def send(self, event_id: str, payload: Json) -> None:
        """Deliver an alert; raises ChannelError."""
        ...


class SentryChannel:
    """Sentry, with an alert as an event; sent without the SDK, which does not report failures."""

    name = "sentry"

    def __init__(self, http: httpx.AsyncClient, project: sentry.Project) -> None:
        self._http = http
        self._project = project

    def render(self, alert: Alert, link: str | None) -> Json:
        """Group by subject; recoveries have groups of their own, so that they reopen nothing."""
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
            "extra": {**alert.facts, **_details(alert)},
        }

    async def send(self, event_id: str, payload: Json) -> None:
        envelope = Envelope(headers={"event_id": event_id})
        envelope.add_event(payload)  # pyright: ignore[reportArgumentType]
        headers = {
            "X-Sentry-Auth": self._project.auth_header,
            "Content-Type": "application/x-sentry-envelope",
        }
        await _post(self._http, self._project.envelope_url, envelope.serialize(), headers)


class WebhookChannel:
    """A chat that accepts `{"text": ...}`, as Slack, Mattermost and Rocket.Chat do."""

    name = "webhook"

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http = http
        self._url = url

    def render(self, alert: Alert, link: str | None) -> Json:
        """Three lines for a phone: what and how much, since when and where, what to do."""
        mark = RECOVERED if alert.is_recovery else MARKS[alert.level]
        said = " ".join(alert.text.split())
        what = f"{mark} *{_escaped(alert.title)}*" + (f": {_escaped(_cut(said))}" if said else "")
        run = f"<{link}|run {alert.run_id[:8]}>" if link else f"run {alert.run_id[:8]}"
        return {"text": _lines(what, _escaped(_where(alert)), _links(run, alert))}

    async def send(self, event_id: str, payload: Json) -> None:
        headers = {"Content-Type": "application/json", "Idempotency-Key": event_id}
        await _post(self._http, self._url, json.dumps(payload).encode(), headers)


def _details(alert: Alert) -> Json:
    return {name: value for name, value in asdict(alert.details).items() if value}


def _lines(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def _where(alert: Alert) -> str:
    """Return since when the subject fails, the worst places, and some records."""
    since = f"Since {alert.since:%Y-%m-%d %H:%M} UTC" if alert.since else ""
    places = ", ".join(alert.details.places[:NAMED])
    examples = "; ".join(alert.details.examples[:NAMED])
    parts = [
        since,
        f"Worst: {places}" if places else "",
        f"For example: {examples}" if examples else "",
    ]
    return _cut(". ".join(part for part in parts if part))


def _links(run: str, alert: Alert) -> str:
    page = alert.details.what_to_do
    link = f"<{page}|what to do>" if "://" in page else f"what to do: {page}"
    return f"{run}, {link}" if page and not alert.is_recovery else run


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 3] + "..."


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


async def _post(http: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str]) -> None:
    try:
        response = await http.post(url, content=body, headers=headers)
    except httpx.InvalidURL:
        raise ChannelUnavailable("its URL is not valid") from None
    except httpx.HTTPError as error:
        raise ChannelUnavailable(f"no answer: {type(error).__name__}") from None
    status = response.status_code
    if status in {408, 425, 429} or status >= 500:
        retry_after = response.headers.get("Retry-After", "")
        seconds = float(retry_after) if retry_after.isdecimal() else None
        raise ChannelUnavailable(f"HTTP {status}", retry_after=seconds)
    if not response.is_success:
        raise ChannelRefused(f"HTTP {status}")


@asynccontextmanager
async def open_channels(webhook_url: str | None) -> AsyncGenerator[Collection[AlertChannel]]:
    """Open Sentry where it is enabled, and the webhook where it has a URL."""
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as http:
        channels: list[AlertChannel] = []
        if project := sentry.project():
            channels.append(SentryChannel(http, project))
        if webhook_url:
            channels.append(WebhookChannel(http, webhook_url))
        yield channels
