"""Dagster's internals are what `defs/dagster_internals.py` and its users take them to be.

A failure after an upgrade of Dagster names what is gone and who uses it.
"""

import inspect
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import wxyc_assets

BACKFILLS = "defs/dagster_internals.py: backfills (the sensor coverage_follows_backfills)"
CHECKS = "defs/dagster_internals.py: check_evaluations (the sensor alerts_are_queued)"
FAILURES = "defs/occurrences.py (the sensor alerts_are_queued)"
OPEN_RANGES = "defs/open_ranges.py (steps that leave ranges open)"
SELECTION = "defs/dagster_internals.py: selects_nothing (a selection that matches no asset)"
STORAGE = "defs/dagster_internals.py: reuse_storage_connections (a connection less per event)"
COLUMNS = "defs/dagster_internals.py: remember_columns (twenty looks at the catalog less per run)"
LAUNCHER = "defs/run_launcher.py (runs that were lost with their code location)"
STEPS = "defs/instrumentation.py (the names on every log line and span)"

PRIVATE_IMPORT = re.compile(r"^\s*(?:from|import)\s+dagster\._", re.MULTILINE)


def private(module: str, name: str, consumer: str) -> Any:
    """Something that only a private module offers."""
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        pytest.fail(f"{module}.{name} is gone ({error}); needed by {consumer}")


@pytest.mark.parametrize(
    ("function", "parameters", "consumer"),
    [
        (dg.DagsterInstance.get_backfills, {"filters"}, BACKFILLS),
        (
            private(
                "dagster._core.storage.event_log.base", "EventLogStorage", CHECKS
            ).get_event_records,
            {"event_records_filter", "limit", "ascending"},
            CHECKS,
        ),
        (dg.EventRecordsFilter, {"event_type", "after_cursor"}, CHECKS),
        (dg.DagsterInstance.all_logs, {"run_id", "of_type"}, FAILURES),
        (
            dg.DagsterInstance.optimize_for_webserver,
            {"statement_timeout", "pool_recycle", "max_overflow"},
            STORAGE,
        ),
        (
            private(
                "dagster._core.storage.event_log", "SqlEventLogStorage", COLUMNS
            ).has_asset_key_col,
            {"column_name"},
            COLUMNS,
        ),
        (
            private(
                "dagster._core.storage.runs", "SqlRunStorage", COLUMNS
            ).has_run_stats_index_cols,
            {"self"},
            COLUMNS,
        ),
    ],
)
def test_a_function_takes_the_parameters_that_we_give_it(
    function: Callable[..., Any], parameters: set[str], consumer: str
) -> None:
    missing = parameters - inspect.signature(function).parameters.keys()
    assert not missing, f"{function.__qualname__} has lost {missing}; needed by {consumer}"


def test_the_storage_with_a_file_per_run_overrides_the_one_that_reads_its_index() -> None:
    module = "dagster._core.storage.event_log"
    sharded = private(module, "SqliteEventLogStorage", CHECKS)
    assert issubclass(sharded, private(module, "SqlEventLogStorage", CHECKS)), CHECKS


def test_a_filter_of_backfills_takes_a_moment() -> None:
    found = private("dagster._core.execution.backfill", "BulkActionsFilter", BACKFILLS)
    assert "created_after" in found.__annotations__, f"created_after is gone from {found}"


def test_the_implicit_job_over_all_assets_has_the_name_that_we_look_for() -> None:
    module = "dagster._core.definitions.assets.job.asset_job"
    implicit = dg.Definitions([dg.AssetSpec("library")]).resolve_implicit_global_asset_job_def()
    assert implicit.name == private(module, "IMPLICIT_ASSET_JOB_NAME", SELECTION)


def fields_of(kind: type) -> set[str]:
    """The fields and properties of a class, however Dagster makes its classes."""
    named = {each.name for each in fields(kind)} if is_dataclass(kind) else set[str]()
    return named | {*dir(kind), *getattr(kind, "__annotations__", ())}


@pytest.mark.parametrize(
    ("kind", "names", "consumer"),
    [
        (
            private("dagster._core.execution.backfill", "PartitionBackfill", BACKFILLS),
            {"backfill_id", "job_name", "asset_selection", "backfill_end_timestamp"},
            BACKFILLS,
        ),
        (dg.DagsterInstance, {"event_log_storage"}, CHECKS),
        (dg.EventLogRecord, {"storage_id", "event_log_entry", "run_id", "timestamp"}, CHECKS),
        (dg.DagsterEvent, {"step_failure_data", "asset_check_evaluation_data"}, FAILURES),
        (
            private("dagster._core.events", "StepFailureData", FAILURES),
            {"error", "user_failure_data"},
            FAILURES,
        ),
        (
            dg.DefaultRunLauncher,
            {
                "_get_grpc_client_for_termination",
                "check_run_worker_health",
                "supports_check_run_worker_health",
            },
            LAUNCHER,
        ),
        (
            private("dagster._grpc.client", "DagsterGrpcClient", LAUNCHER),
            {"get_current_runs"},
            LAUNCHER,
        ),
        (
            private("dagster._grpc.types", "GetCurrentRunsResult", LAUNCHER),
            {"current_runs"},
            LAUNCHER,
        ),
        (dg.OpExecutionContext, {"op_handle", "partition_key_range"}, STEPS),
        (dg.AssetExecutionContext, {"op_execution_context"}, STEPS),
        (dg.JobDefinition, {"has_node_named"}, OPEN_RANGES),
        (dg.DagsterRun, {"parent_run_id", "step_keys_to_execute"}, OPEN_RANGES),
        (dg.DagsterRun, {"job_name", "asset_selection"}, SELECTION),
    ],
)
def test_a_class_has_the_fields_that_we_read(kind: type, names: set[str], consumer: str) -> None:
    missing = names - fields_of(kind)
    assert not missing, f"{kind.__qualname__} has lost {missing}; needed by {consumer}"


def test_no_other_module_imports_what_is_private_to_dagster() -> None:
    home = Path(wxyc_assets.__path__[0])
    importing = {
        str(path.relative_to(home))
        for path in home.rglob("*.py")
        if PRIVATE_IMPORT.search(path.read_text())
    }
    assert importing == {"defs/dagster_internals.py"}
