import json
import os
import subprocess
import sys

import dagster as dg
import pytest

from wxyc_assets.definitions import defs
from wxyc_assets.defs.jobs import all_ranges
from wxyc_assets.defs.partitions import library_ranges

IDENTITY_GRAPH = {"library_candidates", "lml_resolutions", "library_identity"}


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, which knows nothing of our environment."""
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=bare | environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def test_the_definitions_are_sound() -> None:
    dg.Definitions.validate_loadable(defs)


def test_the_identity_graph_is_partitioned_by_ranges_and_takes_them_in_one_run() -> None:
    graph = defs.resolve_asset_graph()
    for name in IDENTITY_GRAPH:
        node = graph.get(dg.AssetKey(name))
        assert node.partitions_def == library_ranges
        assert node.backfill_policy == dg.BackfillPolicy.single_run()
        assert node.description


def test_the_assets_depend_on_each_other_as_the_design_draws_them() -> None:
    graph = defs.resolve_asset_graph()

    def parents(name: str) -> set[str]:
        return {key.to_user_string() for key in graph.get(dg.AssetKey(name)).parent_keys}

    assert parents("library_candidates") == {"library"}
    assert parents("lml_resolutions") == {"library_candidates"}
    assert parents("library_identity") == {"lml_resolutions"}
    assert graph.get(dg.AssetKey("library")).is_external


def test_the_jobs_of_the_readme_are_there() -> None:
    names = {job.name for job in defs.resolve_all_job_defs()}
    assert {"library_identity_job", "library_full", "library_identity_dry_run"} <= names


def test_the_full_job_takes_every_range_and_no_key_need_be_known() -> None:
    tags = defs.resolve_job_def("library_full").run_tags
    keys = library_ranges.get_partition_keys()
    assert all_ranges.items() <= tags.items()
    assert [*all_ranges.values()] == [keys[0], keys[-1]]


def test_a_dry_run_shows_no_range_as_materialized() -> None:
    job = defs.resolve_job_def("library_identity_dry_run")
    assert job.asset_layer.executable_asset_keys == set()


def test_they_load_without_an_environment_and_without_a_warning() -> None:
    done = python("import wxyc_assets.definitions")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_bad_setting_is_named_when_they_load() -> None:
    done = python("import wxyc_assets.definitions", BATCH_SIZE="1001", LOCAL_DEV="maybe")
    assert done.returncode != 0
    assert "BATCH_SIZE='1001'" in done.stderr
    assert "LOCAL_DEV='maybe'" in done.stderr


def test_no_secret_is_among_the_values_that_the_ui_shows() -> None:
    code = (
        "import json; from wxyc_assets.defs.resources import resources; "
        "print(json.dumps({name: repr(each) for name, each in resources.items()}))"
    )
    secrets = {
        "DATABASE_URL": "postgresql://dj:hunter2@db/wxyc",
        "DB_PASSWORD": "hunter2",
        "LML_API_KEY": "hunter2",
        "GITHUB_TOKEN": "hunter2",
    }
    done = python(code, **secrets)
    assert done.returncode == 0, done.stderr
    assert "LmlResource" in json.loads(done.stdout)["lml"]
    assert "hunter2" not in done.stdout


STATE = """
import gc, json, logging, signal, sys, warnings
import dagster, dagster_postgres, httpx, psycopg_pool, pydantic_settings, stamina
import sentry_sdk, structlog

def state():
    root, httpx_logger = logging.getLogger(), logging.getLogger("httpx")
    return {
        "collector": [gc.isenabled(), *gc.get_threshold(), gc.get_freeze_count()],
        "signals": [str(signal.getsignal(each)) for each in signal.valid_signals()],
        "logging": [root.level, str(root.handlers), httpx_logger.level, str(httpx_logger.handlers)],
        "structlog": structlog.is_configured(),
        "warnings": [str(each) for each in warnings.filters],
        "sentry": sentry_sdk.get_client().is_active(),
    }

before = state()
import wxyc_assets.definitions
print(json.dumps([before, state()]))
"""


def test_importing_them_changes_nothing_in_the_process() -> None:
    done = python(STATE, SENTRY_DSN="https://key@127.0.0.1:1/1")
    assert done.returncode == 0, done.stderr
    before, after = json.loads(done.stdout)
    assert after == before
    assert not after["structlog"]
    assert not after["sentry"]


def test_a_step_prepares_its_process_once() -> None:
    prepared = """
import gc, json, structlog, sentry_sdk
from wxyc_assets.defs.instrumentation import prepare_process
prepare_process()
kept, client = gc.get_freeze_count(), sentry_sdk.get_client()
heap = [[] for _ in range(1000)]
prepare_process()
print(json.dumps([
    gc.get_threshold(), kept > 10_000, kept == gc.get_freeze_count(),
    structlog.is_configured(), client.is_active(), client is sentry_sdk.get_client(),
]))
"""
    done = python(prepared, SENTRY_DSN="https://key@127.0.0.1:1/1")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[50_000, 20, 100], True, True, True, True, True]


def test_a_dsn_that_is_none_is_named_when_they_load() -> None:
    done = python("import wxyc_assets.definitions", SENTRY_DSN="sentry.example.org")
    assert done.returncode != 0
    assert "SENTRY_DSN is not a DSN such as https" in done.stderr


@pytest.mark.parametrize(
    ("environment", "status"),
    [
        ({}, "STOPPED"),
        ({"SENTRY_DSN": "https://key@127.0.0.1:1/1"}, "RUNNING"),
        ({"ALERT_WEBHOOK_URL": "https://chat.example.org/hook"}, "RUNNING"),
    ],
    ids=["nowhere", "Sentry", "a chat"],
)
def test_alerts_run_from_the_start_where_they_have_anywhere_to_go(
    environment: dict[str, str], status: str
) -> None:
    code = (
        "from wxyc_assets.defs.alerts import alert_sensors; "
        "print(*{each.default_status.value for each in alert_sensors})"
    )
    done = python(code, **environment)
    assert done.stdout.split() == [status], done.stderr
