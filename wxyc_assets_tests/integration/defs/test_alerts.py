"""The sensors, tick by tick, over an ephemeral instance and the real queue."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import pytest

from wxyc_assets.defs.alerts import alerts_are_delivered, alerts_are_queued
from wxyc_assets.defs.resources import AlertsResource, DatabaseResource
from wxyc_assets.telemetry import sentry
from wxyc_assets.telemetry.redaction import Redaction
from wxyc_assets_tests.integration.defs.alert_station import defs, outcome
from wxyc_assets_tests.support.spans import switch_sentry_off
from wxyc_sandbox.sentry_sink import Sink, serve_sink

UI = "http://dagster.wxyc.example"


@dataclass(slots=True)
class AlertingInstance:
    """An instance, its sensors' cursors, and the channels that they send to."""

    instance: dg.DagsterInstance
    database: DatabaseResource
    alerts: AlertsResource
    sink: Sink
    cursors: dict[str, str | None] = field(default_factory=dict[str, str | None])

    def run(self, *, failing: bool = False, uncovered: bool = False) -> str:
        job = defs.resolve_job_def("coverage_job")
        config = outcome(failing=failing, uncovered=uncovered)
        return job.execute_in_process(
            run_config=config, instance=self.instance, raise_on_error=False
        ).run_id

    def tick(self, sensor: dg.SensorDefinition) -> str:
        """Return the tick's message; keep its cursor as the daemon does, unless it raises."""
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursors.get(sensor.name),
            resources={"database": self.database, "alerts": self.alerts},
        ) as context:
            result = sensor(context)
            self.cursors[sensor.name] = context.cursor
        assert isinstance(result, dg.SkipReason)
        return result.skip_message or ""

    def queue_and_deliver(self) -> None:
        self.tick(alerts_are_queued)
        self.tick(alerts_are_delivered)


@pytest.fixture
def alerting(
    assets: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AlertingInstance]:
    sink = Sink()
    database = DatabaseResource(url=assets, schema_name=schema, assets_schema_name="wxyc_assets")
    with serve_sink(sink) as addresses, dg.DagsterInstance.ephemeral() as instance:
        monkeypatch.setenv("SENTRY_DSN", addresses.dsn)
        monkeypatch.setenv("LML_API_KEY", "sesame-of-lml")
        sentry.start(Redaction())
        alerts = AlertsResource(webhook_url=addresses.webhook, ui_url=UI)
        yield AlertingInstance(instance, database, alerts, sink)
        switch_sentry_off()


def test_one_failing_run_is_one_event_and_one_message(alerting: AlertingInstance) -> None:
    alerting.tick(alerts_are_queued)
    run_id = alerting.run(failing=True)
    for _ in range(3):
        alerting.queue_and_deliver()
    (event,) = alerting.sink.events
    (message,) = alerting.sink.messages
    assert event["tags"]["job"] == "coverage_job"
    assert event["tags"]["run_id"] == run_id
    assert event["contexts"]["run"]["link"] == f"{UI}/runs/{run_id}"
    assert f"<{UI}/runs/{run_id}|run" in message["text"]


def test_a_failed_check_is_one_event_though_its_run_failed_as_well(
    alerting: AlertingInstance,
) -> None:
    alerting.tick(alerts_are_queued)
    alerting.run(uncovered=True)
    alerting.queue_and_deliver()
    (event,) = alerting.sink.events
    assert event["tags"]["check"] == "is_covered"
    assert event["tags"]["asset"] == "coverage"
    assert event["contexts"]["numbers"] == {"covered": 0.97, "floor": 0.99}


def test_on_dagsters_default_storage_failures_are_queued_as_well(
    alerting: AlertingInstance, tmp_path: Path
) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as alerting.instance:
        alerting.run(uncovered=True)
        alerting.tick(alerts_are_queued)
        alerting.run(failing=True)
        alerting.run(uncovered=True)
        for _ in range(2):
            alerting.queue_and_deliver()
    assert sorted("check" in each["tags"] for each in alerting.sink.events) == [False, True]


def test_recoveries_are_sent_once(alerting: AlertingInstance) -> None:
    alerting.tick(alerts_are_queued)
    alerting.run(failing=True)
    alerting.run(uncovered=True)
    alerting.run()
    alerting.run()
    for _ in range(2):
        alerting.queue_and_deliver()
    titles = [each["logentry"]["formatted"].partition("\n")[0] for each in alerting.sink.events]
    assert sorted(titles) == [
        "coverage: is_covered fails",
        "coverage: is_covered passes again",
        "coverage_job failed",
        "coverage_job succeeds again",
    ]


def test_what_happened_before_the_first_tick_is_ignored(alerting: AlertingInstance) -> None:
    alerting.run(failing=True)
    for _ in range(2):
        alerting.queue_and_deliver()
    assert alerting.sink.events == []


def test_no_alert_is_lost_while_the_database_is_unavailable(alerting: AlertingInstance) -> None:
    alerting.tick(alerts_are_queued)
    alerting.run(failing=True)
    reachable = alerting.database
    url = reachable.url.replace("host=", "host=/nowhere")
    alerting.database = DatabaseResource(
        url=url, schema_name=reachable.schema_name, assets_schema_name="wxyc_assets"
    )
    with pytest.raises(dg.Failure, match="cannot be reached"):
        alerting.tick(alerts_are_queued)
    alerting.database = reachable
    alerting.queue_and_deliver()
    assert len(alerting.sink.events) == 1


def test_a_tick_fails_while_a_channel_is_down(alerting: AlertingInstance) -> None:
    alerting.tick(alerts_are_queued)
    alerting.run(failing=True)
    alerting.tick(alerts_are_queued)
    alerting.sink.status = 503
    with pytest.raises(
        dg.Failure, match="0 alerts delivered, others will be retried: sentry: HTTP 503"
    ):
        alerting.tick(alerts_are_delivered)


def test_without_channels_no_database_is_needed(alerting: AlertingInstance) -> None:
    switch_sentry_off()
    alerting.alerts = AlertsResource(webhook_url="", ui_url="")
    alerting.database = DatabaseResource(url="", schema_name="", assets_schema_name="")
    alerting.run(failing=True)
    assert "No channel is set up" in alerting.tick(alerts_are_queued)
    assert "No channel is set up" in alerting.tick(alerts_are_delivered)


def test_no_secret_is_sent(alerting: AlertingInstance) -> None:
    alerting.tick(alerts_are_queued)
    alerting.run(failing=True)
    alerting.queue_and_deliver()
    everything = b"".join(alerting.sink.bodies)
    assert b"the key [hidden] is wrong" in everything
    assert b"sesame" not in everything
