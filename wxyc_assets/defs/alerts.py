"""Alerts: sensors that notice what went wrong, and see to it that people hear of it.

They run from the start. Without SENTRY_DSN or ALERT_WEBHOOK_URL they do nothing; who sets one of
them wants alerts, and an alert that waits for a switch in the UI is missed the day it is needed.

A plain sensor with a cursor, and no run-failure sensor: when that one cannot write to the outbox it
moves on, and the failures of a day without database would be lost. This one reads them again.
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
from wxyc_assets.settings import secret_values
from wxyc_assets.telemetry import sentry
from wxyc_assets.telemetry.redaction import Redaction

SECONDS_BETWEEN = 15


@dg.sensor(
    minimum_interval_seconds=SECONDS_BETWEEN,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Queues an alert for each failed run, each check that does not hold, and each "
    "recovery. Begins with what happens after its first tick.",
)
def alerts_are_queued(
    context: dg.SensorEvaluationContext, database: DatabaseResource, alerts: AlertsResource
) -> dg.SkipReason:
    prepare_process()
    if context.cursor is None or not alerts.has_receivers():
        context.update_cursor(event_log.end_of_log(context.instance).dump())
        return dg.SkipReason("There is nobody to tell, or nothing to look back on.")
    now = datetime.now(UTC)
    occurrences, cursor = event_log.since(context.instance, Cursor.parse(context.cursor), now)
    queued = asyncio.run(_queue(occurrences, database, alerts)) if occurrences else 0
    context.update_cursor(cursor.dump())
    return dg.SkipReason(f"{queued} letters queued.")


@dg.sensor(
    minimum_interval_seconds=SECONDS_BETWEEN,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends queued alerts until they have arrived; red while a receiver is down.",
)
def alerts_are_delivered(
    context: dg.SensorEvaluationContext, database: DatabaseResource, alerts: AlertsResource
) -> dg.SkipReason:
    prepare_process()
    if not alerts.has_receivers():
        return dg.SkipReason("There is nobody to tell: SENTRY_DSN, ALERT_WEBHOOK_URL.")
    delivery = asyncio.run(_deliver(database, alerts))
    sentry.flush()
    if delivery.errors:
        why = "; ".join(f"{name}: {error}" for name, error in sorted(delivery.errors.items()))
        raise dg.Failure(f"{delivery.arrived} alerts arrived, others wait: {why}")
    return dg.SkipReason(f"{delivery.arrived} alerts arrived.")


async def _queue(
    occurrences: list[Occurrence], database: DatabaseResource, alerts: AlertsResource
) -> int:
    async with database.open() as opened, alerts.receivers() as receivers:
        return await alerting.queue(
            AlertStore(opened),
            occurrences,
            receivers,
            link_to=alerts.link_to,
            redaction=Redaction(secret_values()),
        )


async def _deliver(database: DatabaseResource, alerts: AlertsResource) -> Delivery:
    async with database.open() as opened, alerts.receivers() as receivers:
        return await alerting.deliver(AlertStore(opened), receivers, datetime.now(UTC))


alert_sensors = [alerts_are_queued, alerts_are_delivered]
