"""Runs that no daemon watches tell people themselves: real processes, channels on loopback."""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import dagster as dg
import psycopg
import pytest

from wxyc_assets.defs.alerts import alerts_are_queued
from wxyc_assets.defs.event_log import Cursor
from wxyc_assets.defs.resources import AlertsResource, DatabaseResource
from wxyc_assets_tests.e2e.operation.processes import run_program
from wxyc_assets_tests.e2e.operation.ranges import FIRST
from wxyc_assets_tests.support.spans import attributes, spans_named
from wxyc_sandbox.sentry_sink import Sink, serve_sink
from wxyc_sandbox.station import SandboxStation

JOB = ("dagster", "job", "execute", "-m", "wxyc_assets.definitions", "-j")
RANGE = json.dumps({"dagster/partition": FIRST.key})
NOWHERE = "http://127.0.0.1:1"


@dataclass(frozen=True, slots=True)
class Runs:
    """Starts runs in processes of their own, each on an instance that ends with it."""

    station: SandboxStation
    sink: Sink
    channels: Mapping[str, str]
    folder: Path
    at_once: tuple[str, str]

    def rotate(self, **variables: str) -> CompletedProcess[str]:
        return self.run("rotation_job", *self.at_once, **variables)

    def run(self, job: str, *options: str, **variables: str) -> CompletedProcess[str]:
        environment = {**self.station.environment, "DAGSTER_HOME": str(self.folder)}
        del environment["DAGSTER_PG_URL"]
        environment |= {**self.channels, **variables}
        return run_program(*JOB, job, *options, env=environment, cwd=self.folder)

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.station.database_url) as connection:
            connection.execute("set search_path to wxyc_assets, wxyc_schema")
            connection.execute(statement.encode())

    @property
    def titles(self) -> list[str]:
        """The titles of the events in Sentry, in order of their arrival."""
        return [each["logentry"]["formatted"].partition("\n")[0] for each in self.sink.events]


@pytest.fixture
def runs(station: SandboxStation, tmp_path: Path, at_once: tuple[str, str]) -> Generator[Runs]:
    sink = Sink()
    with serve_sink(sink) as addresses:
        channels = {"SENTRY_DSN": addresses.dsn, "ALERT_WEBHOOK_URL": addresses.webhook}
        opened = Runs(station, sink, channels, tmp_path, at_once)
        opened.execute("delete from alert_outbox")
        yield opened
        restore_the_rotation(opened)


def lines(done: CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stderr.splitlines() if line.startswith('{"')]


def break_the_rotation(runs: Runs) -> None:
    runs.execute("update rotation set discogs_release_id = null")


def restore_the_rotation(runs: Runs) -> None:
    runs.execute("update rotation set discogs_release_id = id where discogs_release_id is null")


def test_a_failed_check_is_one_alert_per_channel_and_its_recovery_another(runs: Runs) -> None:
    break_the_rotation(runs)
    done = runs.rotate()
    assert done.returncode != 0
    assert runs.titles == ["rotation_identities: rotation_is_identified fails"]
    assert len(runs.sink.messages) == 1
    end = lines(done)[-1]
    assert (end["step"], end["tool"], end["event"]) == ("done", "rotation_job", "run failed")
    assert end["failed_checks"] == ["rotation_is_identified"]

    restore_the_rotation(runs)
    done = runs.rotate()
    assert done.returncode == 0, done.stderr
    assert runs.titles[1:] == ["rotation_identities: rotation_is_identified passes again"]
    assert len(runs.sink.messages) == 2
    assert lines(done)[-1]["event"] == "run succeeded"


def make_the_range_due(runs: Runs) -> None:
    last = FIRST.last
    runs.execute(f"delete from lml_resolution where library_id <= {last}")
    runs.execute(f"update library set unresolved_attempted_at = null where id <= {last}")
    runs.execute(f"delete from library_identity_source where library_id <= {last}")
    runs.execute(f"delete from library_identity where library_id <= {last}")


def test_a_failed_run_is_one_alert_and_the_old_spans_can_be_switched_off(runs: Runs) -> None:
    make_the_range_due(runs)
    options = ("library_identity_job", "--tags", RANGE)
    done = runs.run(*options, LIBRARY_METADATA_URL=NOWHERE)
    assert done.returncode != 0
    assert runs.titles == [f"library_identity_job ({FIRST.key}) failed"]
    assert "LML cannot be reached" in runs.sink.messages[0]["text"]

    done = runs.run(*options, OLD_SPANS="0")
    assert done.returncode == 0, done.stderr
    assert runs.titles[1:] == [f"library_identity_job ({FIRST.key}) succeeds again"]
    assert spans_named(runs.sink, "library_identity.totals")
    assert not spans_named(runs.sink, "library-identity-consumer.run")

    make_the_range_due(runs)
    done = runs.run(*options)
    assert done.returncode == 0, done.stderr
    (old,) = spans_named(runs.sink, "library-identity-consumer.run")
    assert attributes(old)["consumer.non_va.scanned"] > 0
    told = [each["step"] for each in lines(done)]
    assert {"batch-1", "range", "finished"} < set(told)
    assert told[-1] == "done"


def test_an_alert_that_cannot_be_sent_changes_no_exit_code_and_the_next_run_sends_it(
    runs: Runs,
) -> None:
    runs.sink.status = 503
    done = runs.rotate()
    assert done.returncode == 0, done.stderr
    break_the_rotation(runs)
    done = runs.rotate()
    assert done.returncode != 0
    undelivered = [each for each in lines(done) if each["event"] == "alert not delivered"]
    assert {each["channel"]: each["why"] for each in undelivered} == {
        "sentry": "HTTP 503",
        "webhook": "HTTP 503",
    }
    runs.sink.status = 200
    runs.execute("update alert_outbox set next_attempt_at = now()")
    runs.run("rotation_dry_run")
    assert runs.titles == ["rotation_identities: rotation_is_identified fails"]


def test_a_run_that_cannot_reach_its_database_is_told_without_the_queue(runs: Runs) -> None:
    done = runs.rotate(DATABASE_URL="postgresql://u:hush@127.0.0.1:1/x")
    assert done.returncode != 0
    assert runs.titles == ["rotation_job failed"]
    assert "database cannot be reached" in runs.sink.messages[0]["text"]
    assert b"hush" not in b"".join(runs.sink.bodies)


def test_a_daemons_sensor_does_not_repeat_what_the_run_has_told(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_the_rotation(runs)
    environment = {**runs.station.environment, **runs.channels}
    done = run_program(*JOB, "rotation_job", *runs.at_once, env=environment, cwd=runs.folder)
    assert done.returncode != 0
    assert len(runs.titles) == 1
    monkeypatch.setenv("DAGSTER_PG_URL", runs.station.variables["DAGSTER_PG_URL"])
    home = runs.station.variables["DAGSTER_HOME"]
    database = DatabaseResource(
        url=runs.station.database_url,
        schema_name="wxyc_schema",
        assets_schema_name="wxyc_assets",
    )
    alerts = AlertsResource(webhook_url=runs.channels["ALERT_WEBHOOK_URL"], ui_url="")
    with (
        dg.DagsterInstance.from_config(home) as instance,
        dg.build_sensor_context(
            instance=instance,
            cursor=Cursor().dump(),
            resources={"database": database, "alerts": alerts},
        ) as context,
    ):
        result = alerts_are_queued(context)
    assert isinstance(result, dg.SkipReason)
    assert result.skip_message == "0 alerts queued."


def test_without_channels_a_run_tells_nobody_and_works(runs: Runs) -> None:
    done = runs.run("rotation_dry_run", SENTRY_DSN="", ALERT_WEBHOOK_URL="")
    assert done.returncode == 0, done.stderr
    assert not runs.sink.bodies
