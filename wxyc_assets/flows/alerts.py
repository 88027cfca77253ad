"""From occurrences to delivered alerts: queued first, then sent until they are delivered."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from wxyc_assets.adapters.alert_channels import AlertChannel, ChannelError, ChannelUnavailable
from wxyc_assets.adapters.postgres.alert_store import AlertStore, ClaimedAlert, QueuedAlert
from wxyc_assets.domain.alerts import Alert, Details, Failure, Occurrence, Success, due
from wxyc_assets.telemetry.redaction import Redaction

LONGEST_RETRY_AFTER_SECONDS = 3600.0

LinkTo = Callable[[str], str | None]


async def queue(
    store: AlertStore,
    occurrences: Collection[Occurrence],
    channels: Iterable[AlertChannel],
    *,
    link_to: LinkTo,
    redaction: Redaction,
) -> int:
    """Queue an alert per channel for each failure and recovery; return how many were new."""
    redacted = [_redact(each, redaction) for each in occurrences]
    alerts = due(redacted, await store.open_failures())
    queued = [
        _to_queue(alert, channel, link_to, redaction) for channel in channels for alert in alerts
    ]
    return await store.put(queued) if queued else 0


def _redact(occurrence: Occurrence, redaction: Redaction) -> Occurrence:
    """Redact before any text is cut: half a secret would no longer be recognised."""
    if isinstance(occurrence, Success):
        return occurrence
    text, facts = redaction.text(occurrence.text), redaction.everywhere(occurrence.facts)
    details = Details(**redaction.everywhere(asdict(occurrence.details)))
    return replace(occurrence, text=text, facts=facts, details=details)


def _to_queue(
    alert: Alert, channel: AlertChannel, link_to: LinkTo, redaction: Redaction
) -> QueuedAlert:
    payload = channel.render(alert, link_to(alert.run_id))
    return QueuedAlert(
        event_id=alert.event_id,
        channel=channel.name,
        subject=alert.subject.key,
        is_recovery=alert.is_recovery,
        occurred_at=alert.at,
        payload=redaction.everywhere(payload),
    )


@dataclass(slots=True)
class Delivery:
    """The result of one round: the number delivered, and the last error of each channel."""

    delivered: int = 0
    errors: dict[str, str] = field(default_factory=dict[str, str])


async def send_at_once(
    failures: Collection[Failure],
    channels: Iterable[AlertChannel],
    *,
    link_to: LinkTo,
    redaction: Redaction,
) -> Delivery:
    """Send an alert for each failure without the queue: once, for want of a database."""
    alerts = due([_redact(each, redaction) for each in failures], {})
    delivery = Delivery()
    for channel in channels:
        for queued in (_to_queue(alert, channel, link_to, redaction) for alert in alerts):
            try:
                await channel.send(queued.event_id, queued.payload)
            except ChannelError as error:
                delivery.errors[channel.name] = str(error)
            else:
                delivery.delivered += 1
    return delivery


async def deliver(
    store: AlertStore, channels: Iterable[AlertChannel], now: datetime | None = None
) -> Delivery:
    """Send the alerts that are due; a later round retries those that could not be delivered.

    An alert whose sender dies after sending it is sent again: channels know it by its event id.
    """
    by_name = {each.name: each for each in channels}
    delivery = Delivery()
    unavailable: dict[str, ChannelUnavailable] = {}
    for alert in await store.claim(by_name.keys(), now):
        try:
            if alert.channel in unavailable:
                raise unavailable[alert.channel]
            await by_name[alert.channel].send(alert.event_id, alert.payload)
        except ChannelError as error:
            if isinstance(error, ChannelUnavailable):
                unavailable[alert.channel] = error
            delivery.errors[alert.channel] = str(error)
            await _put_back(store, alert, error, now)
        else:
            delivery.delivered += 1
            await store.mark_delivered(alert, now)
    return delivery


async def deliver_all(store: AlertStore, channels: Collection[AlertChannel]) -> Delivery:
    """Send round by round until no alert is due, or one could not be delivered."""
    total = Delivery()
    while True:
        delivery = await deliver(store, channels)
        total.delivered += delivery.delivered
        total.errors |= delivery.errors
        if delivery.errors or not delivery.delivered:
            return total


async def _put_back(
    store: AlertStore, alert: ClaimedAlert, error: ChannelError, now: datetime | None
) -> None:
    seconds = error.retry_after if isinstance(error, ChannelUnavailable) else None
    wait = None if seconds is None else timedelta(seconds=min(seconds, LONGEST_RETRY_AFTER_SECONDS))
    await store.put_back(alert, str(error), wait, now)
