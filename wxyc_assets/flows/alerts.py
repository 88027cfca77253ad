"""From what happened to what people hear: queued first, then sent until it has arrived."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from wxyc_assets.adapters.alert_channels import AlertChannel, ChannelError, ChannelUnavailable
from wxyc_assets.adapters.postgres.alert_store import AlertStore, ClaimedAlert, QueuedAlert
from wxyc_assets.domain.alerts import Alert, Occurrence, Success, due
from wxyc_assets.telemetry.redaction import Redaction

LONGEST_RETRY_AFTER_SECONDS = 3600.0

LinkTo = Callable[[str], str | None]


async def queue(
    outbox: AlertStore,
    occurrences: Collection[Occurrence],
    receivers: Iterable[AlertChannel],
    *,
    link_to: LinkTo,
    redaction: Redaction,
) -> int:
    """Queues an alert for each trouble and each recovery; how many letters were new."""
    clean = [_redacted(each, redaction) for each in occurrences]
    alerts = due(clean, await outbox.open_troubles())
    letters = [
        _letter(alert, receiver, link_to, redaction) for receiver in receivers for alert in alerts
    ]
    return await outbox.put(letters) if letters else 0


def _redacted(occurrence: Occurrence, redaction: Redaction) -> Occurrence:
    """Before anything is cut: half a secret would not be recognised any more."""
    if isinstance(occurrence, Success):
        return occurrence
    text, facts = redaction.text(occurrence.text), redaction.everywhere(occurrence.facts)
    return replace(occurrence, text=text, facts=facts)


def _letter(
    alert: Alert, receiver: AlertChannel, link_to: LinkTo, redaction: Redaction
) -> QueuedAlert:
    worded = receiver.worded(alert, link_to(alert.run_id))
    return QueuedAlert(
        event_id=alert.event_id,
        receiver=receiver.name,
        subject=alert.subject.key,
        is_recovery=alert.is_recovery,
        occurred_at=alert.at,
        payload=redaction.everywhere(worded),
    )


@dataclass(slots=True)
class Delivery:
    """What came of one round: how many arrived, and why others did not, by receiver."""

    arrived: int = 0
    errors: dict[str, str] = field(default_factory=dict[str, str])


async def deliver(outbox: AlertStore, receivers: Iterable[AlertChannel], now: datetime) -> Delivery:
    """Sends what is due; what does not arrive is sent again by a later round.

    A process that dies after sending sends again: the receiver knows the event id.
    """
    by_name = {each.name: each for each in receivers}
    delivery = Delivery()
    unavailable: dict[str, ChannelUnavailable] = {}
    for letter in await outbox.claim(by_name.keys(), now):
        try:
            if letter.receiver in unavailable:
                raise unavailable[letter.receiver]
            await by_name[letter.receiver].send(letter.event_id, letter.payload)
        except ChannelError as error:
            if isinstance(error, ChannelUnavailable):
                unavailable[letter.receiver] = error
            delivery.errors[letter.receiver] = str(error)
            await _put_back(outbox, letter, error, now)
        else:
            delivery.arrived += 1
            await outbox.mark_delivered(letter, now)
    return delivery


async def _put_back(
    outbox: AlertStore, letter: ClaimedAlert, error: ChannelError, now: datetime
) -> None:
    seconds = error.retry_after if isinstance(error, ChannelUnavailable) else None
    wait = None if seconds is None else min(seconds, LONGEST_RETRY_AFTER_SECONDS)
    await outbox.put_back(
        letter, str(error), None if wait is None else now + timedelta(seconds=wait)
    )
