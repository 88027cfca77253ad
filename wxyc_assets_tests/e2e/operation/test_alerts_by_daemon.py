"""Alerts from outside: a real daemon on PostgreSQL, real runs, and channels on loopback."""

import json
import os
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import LiteralString

import dagster as dg
import psycopg
import pytest

from wxyc_assets_tests.e2e.operation.processes import run_program, running, wait_until
from wxyc_assets_tests.integration.defs.alert_station import defs, outcome
from wxyc_assets_tests.support.spans import attributes, spans_named
from wxyc_sandbox.sentry_sink import Sink, serve_sink
from wxyc_sandbox.station import DAGSTER_YAML

MODULE = "wxyc_assets_tests.integration.defs.alert_station"
PROJECT = Path(__file__).parents[3]
KEY = "sesame-of-lml"


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def environment(
    assets: str, database: str, sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[dict[str, str]]:
    """The environment of the daemon and of the runs that it starts."""
    shutil.copy(DAGSTER_YAML, tmp_path)
    monkeypatch.setenv("DAGSTER_PG_URL", database)
    with serve_sink(sink) as addresses:
        yield {
            **os.environ,
            "DAGSTER_HOME": str(tmp_path),
            "DATABASE_URL": assets,
            "LML_API_KEY": KEY,
            "SENTRY_DSN": addresses.dsn,
            "ALERT_WEBHOOK_URL": addresses.webhook,
            "DAGSTER_UI_URL": "http://dagster.wxyc.example",
            "PYTHONPATH": str(PROJECT),
            "PYTHONWARNINGS": "ignore",
        }


@pytest.fixture
def instance(environment: dict[str, str]) -> Generator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(environment["DAGSTER_HOME"]) as instance:
        yield instance


@pytest.fixture
def daemon(
    environment: dict[str, str], instance: dg.DagsterInstance, tmp_path: Path
) -> Generator[None]:
    """The daemon, once its sensors have ticked."""
    command = ["dagster-daemon", "run", "-m", MODULE]
    with running(command, env=environment, cwd=tmp_path, log=tmp_path / "daemon.log"):
        wait_until(lambda: has_ticked(instance))
        yield


def has_ticked(instance: dg.DagsterInstance) -> bool:
    states = instance.all_instigator_state()
    return any(getattr(each.instigator_data, "cursor", None) for each in states)


def launch(environment: dict[str, str], **requested: bool) -> None:
    """Launch a run through the daemon, in a process of its own."""
    config = json.dumps(outcome(**requested))
    done = run_program(
        *("dagster", "job", "launch", "-m", MODULE, "-j", "coverage_job", "--config-json", config),
        env=environment,
        cwd=Path(environment["DAGSTER_HOME"]),
    )
    assert done.returncode == 0, done.stderr


def execute_here(instance: dg.DagsterInstance, **requested: bool) -> None:
    """Execute a run in this process, on the instance that the daemon watches."""
    job = defs.resolve_job_def("coverage_job")
    job.execute_in_process(run_config=outcome(**requested), instance=instance, raise_on_error=False)


def queued_alerts(url: str, *, where: LiteralString) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select count(*) from wxyc_assets.alert_outbox where " + where
        ).fetchone()
    return row[0] if row else 0


def is_fresh(instance: dg.DagsterInstance) -> bool:
    coverage = dg.AssetKey("coverage")
    record = instance.get_freshness_state_records([coverage]).get(coverage)
    return record is not None and record.freshness_state.value == "PASS"


@pytest.mark.usefixtures("daemon")
def test_failures_and_recoveries_are_sent_once_though_the_channels_were_down(
    environment: dict[str, str], instance: dg.DagsterInstance, sink: Sink, assets: str
) -> None:
    sink.status = 503
    launch(environment, failing=True)
    wait_until(lambda: queued_alerts(assets, where="last_error = 'HTTP 503'") == 2)
    assert sink.events == []
    sink.status = 200
    wait_until(lambda: queued_alerts(assets, where="delivered_at is not null") == 2)

    execute_here(instance, uncovered=True)
    launch(environment)
    wait_until(lambda: queued_alerts(assets, where="delivered_at is not null") == 8)

    titles = [each["logentry"]["formatted"].partition("\n")[0] for each in sink.events]
    assert sorted(titles) == [
        "coverage: is_covered fails",
        "coverage: is_covered passes again",
        "coverage_job failed",
        "coverage_job succeeds again",
    ]
    assert len(sink.messages) == 4
    assert {each["level"] for each in sink.events} == {"error", "info"}
    assert sink.events[0]["contexts"]["run"]["link"].startswith("http://dagster.wxyc.example/runs/")
    assert attributes(spans_named(sink, "coverage.totals")[-1])["consumer.va.scanned"] == 3

    everything = b"".join(sink.bodies)
    assert b"the key [hidden] is wrong" in everything
    for secret in (KEY, environment["SENTRY_DSN"], "sesame-of-the-chat", assets):
        assert secret.encode() not in everything

    wait_until(lambda: is_fresh(instance))
