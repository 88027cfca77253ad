"""The end of a run, told by the run itself: one log line, and its own alerts.

A run from the command line, or in a container of its own, has no daemon whose sensors would read
its events. So the executor, which sees all of them, queues and sends the run's alerts before its
process ends. With a daemon both do so: an alert's id is made from the event, and it is queued once.
"""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from wxyc_assets.adapters.alert_channels import AlertChannel
from wxyc_assets.adapters.postgres.alert_store import AlertStore
from wxyc_assets.defs.dagster_internals import reuse_connections
from wxyc_assets.defs.dagster_storage import stored_run
from wxyc_assets.defs.instrumentation import prepare_process
from wxyc_assets.defs.occurrences import evaluated_check, failed_run, successful_run
from wxyc_assets.defs.plain_resources import with_secrets
from wxyc_assets.defs.resources import AlertsResource, DatabaseResource, resources
from wxyc_assets.domain.alerts import Failure, Kind, Occurrence
from wxyc_assets.flows import alerts as alerting
from wxyc_assets.settings import secret_values
from wxyc_assets.telemetry import logs
from wxyc_assets.telemetry.redaction import Redaction

SECONDS_TO_SEND = 60.0
"""Nobody may wait for a run to end because a channel or the database hangs."""
TELLING = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.ASSET_CHECK_EVALUATION}
CANCELLED = {dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED}


class AlertingExecutor(dg.Executor):
    """Executes steps as `steps` does, then reports the run's failures and recoveries."""

    def __init__(self, steps: dg.Executor) -> None:
        self._steps = steps

    @property
    def retries(self) -> Any:
        return self._steps.retries

    @property
    def step_dependency_config(self) -> Any:
        return self._steps.step_dependency_config

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        instance, run = plan_context.instance, plan_context.dagster_run
        events: list[dg.DagsterEvent] = []
        reuse_connections(instance.run_storage, instance.event_log_storage)
        try:
            for event in self._steps.execute(plan_context, execution_plan):
                if event.event_type in TELLING:
                    events.append(event)
                yield event
        except GeneratorExit:
            raise  # nobody reads the events any more: the run did not end
        except BaseException as error:
            _end(instance, run, events, error)
            raise
        _end(instance, run, events, None)


STEPS = dg.in_process_executor


@dg.executor(name=STEPS.name, config_schema=STEPS.config_schema)  # pyright: ignore[reportArgumentType]
def in_process_executor(init_context: dg.InitExecutorContext) -> AlertingExecutor:
    """Execute all steps in this process, and send the run's alerts before it ends."""
    create = STEPS.executor_creation_fn
    assert create is not None
    return AlertingExecutor(create(init_context))


def _end(
    instance: dg.DagsterInstance,
    run: dg.DagsterRun,
    events: Sequence[dg.DagsterEvent],
    error: BaseException | None,
) -> None:
    """Log the end of a run and send its alerts; an error in sending is logged, too."""
    prepare_process()
    occurrences = list(_occurrences(run, events, error))
    with logs.about(tool=run.job_name, run_id=run.run_id):
        _log_end(occurrences, has_failed=bool(error) or any(e.is_step_failure for e in events))
        if _was_cancelled(instance, run):
            return
        try:
            asyncio.run(_send(occurrences))
        except (dg.Failure, TimeoutError) as undelivered:
            why = getattr(undelivered, "description", None) or "no answer in time"
            logs.logger().error("alerts not sent", why=why)


def _occurrences(
    run: dg.DagsterRun, events: Sequence[dg.DagsterEvent], error: BaseException | None
) -> Iterator[Occurrence]:
    now = datetime.now(UTC)
    for event in events:
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            yield evaluated_check(event, run.run_id, now)
    failures = [each for each in events if each.is_step_failure]
    if not failures and error is None:
        yield successful_run(run, now)
    elif failure := failed_run(run, now, failures, str(error)):
        yield failure


def _log_end(occurrences: Sequence[Occurrence], *, has_failed: bool) -> None:
    checks = [each for each in occurrences if each.subject.kind is Kind.CHECK]
    failed = [each.subject.name for each in checks if isinstance(each, Failure)]
    logs.logger().info(
        "run failed" if has_failed else "run succeeded",
        step="done",
        checks=len(checks),
        failed_checks=failed,
    )


def _was_cancelled(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    now = stored_run(instance, run.run_id)
    return now is not None and now.status in CANCELLED


async def _send(occurrences: Sequence[Occurrence]) -> None:
    alerts = with_secrets(resources["alerts"], AlertsResource)
    if not alerts.has_channels():
        return
    database = with_secrets(resources["database"], DatabaseResource)
    redaction = Redaction(secret_values())
    async with asyncio.timeout(SECONDS_TO_SEND), alerts.channels() as channels:
        try:
            async with database.open() as opened:
                store = AlertStore(opened)
                await alerting.queue(
                    store, occurrences, channels, link_to=alerts.link_to, redaction=redaction
                )
                delivery = await alerting.deliver_all(store, channels)
                _log_errors(delivery.errors)
        except dg.Failure as no_queue:
            logs.logger().warning("alerts not queued", why=no_queue.description)
            await _send_unqueued(occurrences, channels, alerts, redaction)


async def _send_unqueued(
    occurrences: Sequence[Occurrence],
    channels: Collection[AlertChannel],
    alerts: AlertsResource,
    redaction: Redaction,
) -> None:
    """Send the failures of a run that cannot reach the queue: perhaps that is why it failed."""
    failures = [each for each in occurrences if isinstance(each, Failure)]
    delivery = await alerting.send_at_once(
        failures, channels, link_to=alerts.link_to, redaction=redaction
    )
    _log_errors(delivery.errors)


def _log_errors(errors: dict[str, str]) -> None:
    for channel, why in sorted(errors.items()):
        logs.logger().error("alert not delivered", channel=channel, why=why)
