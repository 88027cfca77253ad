"""Dagster's event log, read from a cursor on as occurrences."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile

import dagster as dg
from dagster import EventLogRecord, RunStatusChangeRecordsFilter

from wxyc_assets.defs.dagster_internals import check_evaluations
from wxyc_assets.defs.occurrences import evaluated_check, failed_run, successful_run
from wxyc_assets.domain.alerts import Failure, Occurrence

RECORDS_PER_TICK = 500
SETTLED_AFTER = timedelta(minutes=1)
"""Ids are assigned before the commit, so a lower one may appear after a higher one was read. Events
younger than this are read again by the next tick; an alert queued twice is recognised by its id.
An event from a machine whose clock is ahead may have a date in the future, which says nothing about
its age: waiting for it would hold up the cursor, and with it, after a tick's worth of events, all
further alerts."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The storage id of the last event of each kind that need not be read again."""

    failed_runs: int = 0
    successful_runs: int = 0
    checks: int = 0

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        return cls(**json.loads(text))

    def dump(self) -> str:
        return json.dumps(asdict(self))


def end_of_log(instance: dg.DagsterInstance) -> Cursor:
    """Return the cursor after the last event so far."""

    def last(records: Sequence[EventLogRecord]) -> int:
        return records[0].storage_id if records else 0

    return Cursor(
        failed_runs=last(_runs(instance, dg.DagsterEventType.RUN_FAILURE, limit=1)),
        successful_runs=last(_runs(instance, dg.DagsterEventType.RUN_SUCCESS, limit=1)),
        checks=last(check_evaluations(instance, after=None, limit=1)),
    )


def since(
    instance: dg.DagsterInstance, cursor: Cursor, now: datetime
) -> tuple[list[Occurrence], Cursor]:
    """Return the failures and successes after the cursor, and the next cursor."""
    failed = _runs(instance, dg.DagsterEventType.RUN_FAILURE, after=cursor.failed_runs)
    succeeded = _runs(instance, dg.DagsterEventType.RUN_SUCCESS, after=cursor.successful_runs)
    checks = check_evaluations(instance, after=cursor.checks, limit=RECORDS_PER_TICK)
    occurrences = [
        *(_failed_run(instance, run, at) for run, at in _with_runs(instance, failed)),
        *(successful_run(run, at) for run, at in _with_runs(instance, succeeded)),
        *(
            evaluated_check(event, each.run_id, _at(each))
            for each in checks
            if (event := each.event_log_entry.dagster_event)
        ),
    ]
    return [each for each in occurrences if each], Cursor(
        failed_runs=_settled(failed, now, cursor.failed_runs),
        successful_runs=_settled(succeeded, now, cursor.successful_runs),
        checks=_settled(checks, now, cursor.checks),
    )


def _failed_run(instance: dg.DagsterInstance, run: dg.DagsterRun, at: datetime) -> Failure | None:
    failures = _events(instance, run, dg.DagsterEventType.STEP_FAILURE)
    ends = _events(instance, run, dg.DagsterEventType.RUN_FAILURE)
    return failed_run(run, at, failures, (ends[-1].message or "") if ends else "")


def _events(
    instance: dg.DagsterInstance, run: dg.DagsterRun, event_type: dg.DagsterEventType
) -> list[dg.DagsterEvent]:
    entries = instance.all_logs(run.run_id, of_type=event_type)
    return [each.dagster_event for each in entries if each.dagster_event]


def _runs(
    instance: dg.DagsterInstance,
    event_type: dg.DagsterEventType,
    *,
    after: int | None = None,
    limit: int = RECORDS_PER_TICK,
) -> Sequence[EventLogRecord]:
    wanted = RunStatusChangeRecordsFilter(event_type, after_storage_id=after)  # pyright: ignore[reportArgumentType]
    return instance.fetch_run_status_changes(
        wanted, limit=limit, ascending=after is not None
    ).records


def _with_runs(
    instance: dg.DagsterInstance, records: Sequence[EventLogRecord]
) -> Iterator[tuple[dg.DagsterRun, datetime]]:
    if not records:
        return
    run_ids = [record.run_id for record in records]
    found = instance.get_run_records(dg.RunsFilter(run_ids=run_ids))
    runs = {each.dagster_run.run_id: each.dagster_run for each in found}
    for record in records:
        if record.run_id in runs:  # a deleted run has no details left
            yield runs[record.run_id], _at(record)


def _settled(records: Sequence[EventLogRecord], now: datetime, before: int) -> int:
    settled = takewhile(lambda record: abs(now - _at(record)) > SETTLED_AFTER, records)
    return max((record.storage_id for record in settled), default=before)


def _at(record: EventLogRecord) -> datetime:
    return datetime.fromtimestamp(record.timestamp, UTC)
