"""The uses of Dagster beyond its public API: no other module imports `dagster._...`.

`unit/defs/test_dagster_internals.py` says what breaks when an upgrade of Dagster changes it.
"""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import dagster as dg
from dagster import EventLogRecord
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.execution.backfill import BulkActionsFilter
from dagster._core.launcher.base import CheckRunHealthResult as CheckRunHealthResult
from dagster._core.launcher.base import WorkerStatus as WorkerStatus
from dagster._core.storage.event_log import (
    EventLogStorage,
    SqlEventLogStorage,
    SqliteEventLogStorage,
)
from dagster._core.storage.runs import RunStorage
from dagster._grpc.types import GetCurrentRunsResult

OF_OUR_LOCATION = {".dagster/repository": "__repository__@wxyc_assets"}
"""The tag by which the UI finds a job's runs. Dagster sets it when it launches a run itself; a run
from the command line would be missing from the job's page and from the timeline without it."""

REUSE_SECONDS = 2
UNLIMITED = -1


@dataclass(frozen=True, slots=True)
class Backfill:
    """A backfill of assets or of a job; `ended_at` is None while it runs."""

    backfill_id: str
    job_name: str | None
    assets: frozenset[dg.AssetKey]
    ended_at: datetime | None


def backfills(instance: dg.DagsterInstance, created_after: datetime) -> Iterator[Backfill]:
    """Yield the backfills begun after a moment; there is no public type for them."""
    for each in instance.get_backfills(filters=BulkActionsFilter(created_after=created_after)):
        end = each.backfill_end_timestamp
        yield Backfill(
            backfill_id=each.backfill_id,
            job_name=each.job_name,
            assets=frozenset(each.asset_selection or ()),
            ended_at=None if end is None else datetime.fromtimestamp(end, UTC),
        )


def check_evaluations(
    instance: dg.DagsterInstance, *, after: int | None, limit: int
) -> Sequence[EventLogRecord]:
    """Return evaluations of all checks behind a storage id; the newest first if it is None.

    The instance's own `get_event_records` is deprecated without a successor for checks, so the
    storage below it is asked. SQLite's has a file per run, and takes no storage id as a cursor; its
    index has all evaluations, and is what the method that it overrides reads.
    """
    wanted = dg.EventRecordsFilter(dg.DagsterEventType.ASSET_CHECK_EVALUATION, after_cursor=after)
    storage, is_ascending = instance.event_log_storage, after is not None
    if isinstance(storage, SqliteEventLogStorage):
        return SqlEventLogStorage.get_event_records(
            storage, wanted, limit=limit, ascending=is_ascending
        )
    return storage.get_event_records(wanted, limit=limit, ascending=is_ascending)


def output_without_materialization(name: str) -> dg.Output[None]:
    """Return an output behind which the run goes on, and for which Dagster records nothing.

    Made for assets that report each range themselves, as soon as it is complete; without it, every
    range of the step would be recorded once more, and the open ones as materialized.
    """
    return dg.Output(None, name, metadata={SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True})


class PooledStorage(Protocol):
    """A storage of Dagster's that can keep its connections for a while."""

    def optimize_for_webserver(
        self, statement_timeout: int, pool_recycle: int, max_overflow: int
    ) -> None: ...


def reuse_connections(*storages: PooledStorage) -> None:
    """Let this process reuse its connections to Dagster's storages for a moment.

    Otherwise each event opens two or more: a run over all ranges five hundred, of 5 ms of CPU each.
    Nobody would notice that a connection has gone stale before an event fails on it, hence no more
    than a moment. Made for the webserver; only PostgreSQL's storage does anything about it.
    """
    for each in storages:
        each.optimize_for_webserver(
            statement_timeout=0, pool_recycle=REUSE_SECONDS, max_overflow=UNLIMITED
        )


def remember_columns(runs: RunStorage, events: EventLogStorage) -> None:
    """Let this process look only once for each column that Dagster has added to its tables.

    Otherwise it reads the catalog of PostgreSQL about twenty times in each run. A column that is
    missing is looked for again: `dagster instance migrate` adds it.
    """
    for storage, look in ((runs, "has_run_stats_index_cols"), (events, "has_asset_key_col")):
        setattr(storage, look, _until_true(getattr(storage, look)))


def _until_true(look: Callable[..., bool]) -> Callable[..., bool]:
    found = set[tuple[str, ...]]()

    def look_until_true(*column: str) -> bool:
        if column not in found and look(*column):
            found.add(column)
        return column in found

    return look_until_true


def selects_nothing(run: dg.DagsterRun) -> bool:
    """Return True for a run of the implicit job over all assets that names none of them.

    `dagster asset materialize` starts one for a selection that matches no asset, and every asset
    would run. The UI always names the assets.
    """
    return run.job_name == IMPLICIT_ASSET_JOB_NAME and not run.asset_selection


class CodeLocationServer(Protocol):
    """A client of a code location's server, which has the runs that were launched in it."""

    def get_current_runs(self) -> str: ...


def current_runs(server: CodeLocationServer) -> AbstractSet[str] | None:
    """Return the ids of the runs that a server has; None while it is away."""
    try:
        answer = server.get_current_runs()
    except DagsterUserCodeUnreachableError:
        return None
    return frozenset(dg.deserialize_value(answer, GetCurrentRunsResult).current_runs)
