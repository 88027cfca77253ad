"""The sensors, tick by tick, over an ephemeral instance and a real outbox."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import dagster as dg
import pytest

from wxyc_assets.defs.alerts import alert_sensors, alerts_are_delivered, alerts_are_queued
from wxyc_assets.defs.resources import AlertsResource, DatabaseResource
from wxyc_assets.telemetry import sentry
from wxyc_assets.telemetry.redaction import Redaction
from wxyc_assets_tests.integration.defs.alert_station import defs, mood
from wxyc_assets_tests.support.spans import switch_sentry_off
from wxyc_sandbox.sentry_sink import Sink, serve_sink

UI = "http://dagster.wxyc.example"


@dataclass(slots=True)
class AlertingInstance:
    """An instance, its sensors' cursors, and who hears of what they send."""

    instance: dg.DagsterInstance
    database: DatabaseResource
    alerts: AlertsResource
    sink: Sink
    cursors: dict[str, str | None] = field(default_factory=dict[str, str | None])

    def run(self, *, failing: bool = False, uncovered: bool = False) -> str:
        job = defs.resolve_job_def("coverage_job")
        config = mood(failing=failing, uncovered=uncovered)
        return job.execute_in_process(
            run_config=config, instance=self.instance, raise_on_error=False
        ).run_id

    def tick(self, sensor: dg.SensorDefinition) -> str:
        """What the tick says; its cursor is kept as the daemon does: not when it raises."""
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursors.get(sensor.name),
            resources={"database": self.database, "alerts": self.alerts},
        ) as context:
            said = sensor(context)
            self.cursors[sensor.name] = context.cursor
        assert isinstance(said, dg.SkipReason)
        return said.skip_message or ""

    def notice_and_deliver(self) -> None:
        self.tick(alerts_are_queued)
        self.tick(alerts_are_delivered)


@pytest.fixture
def station(
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


def test_one_failing_run_is_one_event_and_one_message(station: AlertingInstance):
    station.tick(alerts_are_queued)
    run_id = station.run(failing=True)
    for _ in range(3):
        station.notice_and_deliver()
    (event,) = station.sink.events
    (message,) = station.sink.messages
    assert event["tags"]["job"] == "coverage_job"
    assert event["tags"]["run_id"] == run_id
    assert event["contexts"]["run"]["link"] == f"{UI}/runs/{run_id}"
    assert f"<{UI}/runs/{run_id}|run" in message["text"]


def test_a_shut_gate_is_one_event_though_its_run_failed_as_well(station: AlertingInstance):
    station.tick(alerts_are_queued)
    station.run(uncovered=True)
    station.notice_and_deliver()
    (event,) = station.sink.events
    assert event["tags"]["check"] == "is_covered"
    assert event["tags"]["asset"] == "coverage"
    assert event["contexts"]["numbers"] == {"covered": 0.97, "floor": 0.99}


def test_recoveries_are_told_once(station: AlertingInstance):
    station.tick(alerts_are_queued)
    station.run(failing=True)
    station.run(uncovered=True)
    station.run()
    station.run()
    for _ in range(2):
        station.notice_and_deliver()
    titles = [each["logentry"]["formatted"].partition("\n")[0] for each in station.sink.events]
    assert sorted(titles) == [
        "coverage: is_covered does not hold",
        "coverage: is_covered holds again",
        "coverage_job failed",
        "coverage_job succeeds again",
    ]


def test_what_happened_before_the_first_tick_is_history(station: AlertingInstance):
    station.run(failing=True)
    for _ in range(2):
        station.notice_and_deliver()
    assert station.sink.events == []


def test_a_database_that_is_away_costs_no_alert(station: AlertingInstance):
    station.tick(alerts_are_queued)
    station.run(failing=True)
    there = station.database
    away = there.url.replace("host=", "host=/nowhere")
    station.database = DatabaseResource(
        url=away, schema_name=there.schema_name, assets_schema_name="wxyc_assets"
    )
    with pytest.raises(dg.Failure, match="cannot be reached"):
        station.tick(alerts_are_queued)
    station.database = there
    station.notice_and_deliver()
    assert len(station.sink.events) == 1


def test_a_tick_is_red_while_a_receiver_is_down(station: AlertingInstance):
    station.tick(alerts_are_queued)
    station.run(failing=True)
    station.tick(alerts_are_queued)
    station.sink.status = 503
    with pytest.raises(dg.Failure, match="0 alerts arrived, others wait: sentry: HTTP 503"):
        station.tick(alerts_are_delivered)


def test_without_anybody_to_tell_no_database_is_needed(station: AlertingInstance):
    switch_sentry_off()
    station.alerts = AlertsResource(webhook_url="", ui_url="")
    station.database = DatabaseResource(url="", schema_name="", assets_schema_name="")
    station.run(failing=True)
    assert "nobody to tell" in station.tick(alerts_are_queued)
    assert "nobody to tell" in station.tick(alerts_are_delivered)


def test_no_secret_is_told(station: AlertingInstance):
    station.tick(alerts_are_queued)
    station.run(failing=True)
    station.notice_and_deliver()
    everything = b"".join(station.sink.bodies)
    assert b"the key [hidden] is wrong" in everything
    assert b"sesame" not in everything


def test_alerts_run_from_the_start():
    running = dg.DefaultSensorStatus.RUNNING
    assert [each.default_status for each in alert_sensors] == [running, running]
