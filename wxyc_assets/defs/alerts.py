"""Sensors that queue an alert for each failure and recovery, and deliver it.

They run from the start, so that no alert depends on a switch in the UI; without SENTRY_DSN and
ALERT_WEBHOOK_URL they are off. Set either to receive alerts.

The first is a plain sensor with a cursor, not a run-failure sensor: that one moves on when it
cannot write to the queue, and the failures of a database outage would be lost. This one reads them
again.
"""

import asyncio
from datetime import UTC, datetime

import dagster as dg

from wxyc_assets.adapters.postgres.alert_store import AlertStore
from wxyc_assets.defs import event_log
from wxyc_assets.defs.event_log import Cursor
from wxyc_assets.defs.instrumentation import prepare_process
from wxyc_assets.defs.resources import AlertsResource, DatabaseResource
from wxyc_assets.domain.alerts import Occurrence
from wxyc_assets.flows import alerts as alerting
from wxyc_assets.flows.alerts import Delivery
from wxyc_assets.settings import has_alert_channels, secret_values
from wxyc_assets.telemetry import sentry
from wxyc_assets.telemetry.redaction import Redaction

SECONDS_BETWEEN = 15
STATUS = dg.DefaultSensorStatus.RUNNING if has_alert_channels() else dg.DefaultSensorStatus.STOPPED
NO_CHANNELS = "No channel is set up: set SENTRY_DSN or ALERT_WEBHOOK_URL to receive alerts."


@dg.sensor(
    minimum_interval_seconds=SECONDS_BETWEEN,
    default_status=STATUS,
    description="Queues an alert for each failed run, each check that does not pass, and each "
    "recovery. Ignores what happened before its first tick.",
)
def alerts_are_queued(
    context: dg.SensorEvaluationContext, database: DatabaseResource, alerts: AlertsResource
) -> dg.SkipReason:
    prepare_process()
    if not alerts.has_channels():
        context.update_cursor(event_log.end_of_log(context.instance).dump())
        return dg.SkipReason(NO_CHANNELS)
    if context.cursor is None:
        context.update_cursor(event_log.end_of_log(context.instance).dump())
        return dg.SkipReason("First tick: alerts start with what happens from now on.")
    now = datetime.now(UTC)
    occurrences, cursor = event_log.since(context.instance, Cursor.parse(context.cursor), now)
    queued = asyncio.run(_queue(occurrences, database, alerts)) if occurrences else 0
    context.update_cursor(cursor.dump())
    return dg.SkipReason(f"{_alerts(queued)} queued.")


@dg.sensor(
    minimum_interval_seconds=SECONDS_BETWEEN,
    default_status=STATUS,
    description="Sends queued alerts until they are delivered; its ticks fail while a channel is "
    "down.",
)
def alerts_are_delivered(
    context: dg.SensorEvaluationContext, database: DatabaseResource, alerts: AlertsResource
) -> dg.SkipReason:
    prepare_process()
    if not alerts.has_channels():
        return dg.SkipReason(NO_CHANNELS)
    delivery = asyncio.run(_deliver(database, alerts))
    sentry.flush()
    if delivery.errors:
        why = "; ".join(f"{name}: {error}" for name, error in sorted(delivery.errors.items()))
        raise dg.Failure(f"{_alerts(delivery.delivered)} delivered, others will be retried: {why}")
    return dg.SkipReason(f"{_alerts(delivery.delivered)} delivered.")


async def _queue(
    occurrences: list[Occurrence], database: DatabaseResource, alerts: AlertsResource
) -> int:
    async with database.open() as opened, alerts.channels() as channels:
        return await alerting.queue(
            AlertStore(opened),
            occurrences,
            channels,
            link_to=alerts.link_to,
            redaction=Redaction(secret_values()),
        )


async def _deliver(database: DatabaseResource, alerts: AlertsResource) -> Delivery:
    async with database.open() as opened, alerts.channels() as channels:
        return await alerting.deliver(AlertStore(opened), channels)


def _alerts(number: int) -> str:
    return f"{number} {'alert' if number == 1 else 'alerts'}"


alert_sensors = [alerts_are_queued, alerts_are_delivered]
