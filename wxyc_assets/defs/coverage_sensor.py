"""The sensor that takes one snapshot after each backfill of identities or covers."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from wxyc_assets.defs.dagster_internals import Backfill, backfills
from wxyc_assets.defs.jobs import coverage_gates, library_artwork_job, library_identity_job
from wxyc_assets.defs.library_coverage import AFTER_BACKFILL

SOURCES = {
    dg.AssetKey(name)
    for name in ("library_candidates", "lml_resolutions", "library_identity", "library_artwork")
}
COVERAGE = dg.AssetKey("library_coverage")
JOBS = {library_identity_job.name, library_artwork_job.name}
LONGEST_BACKFILL = timedelta(days=14)
OVERLAP = timedelta(hours=1)
"""An end is dated before it can be seen, and by the daemon's clock, which may be behind ours; a
backfill seen twice is recognised by its run key."""


@dg.sensor(
    job_name=coverage_gates.name,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Takes a snapshot and runs the coverage checks after each backfill of identities "
    "or covers, whatever its outcome. Ignores backfills that ended before its first tick.",
)
def coverage_follows_backfills(
    context: dg.SensorEvaluationContext,
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    now = datetime.now(UTC)
    if context.cursor is None:
        context.update_cursor(_cursor(_last_end(context.instance, now), now))
        yield dg.SkipReason("First tick: snapshots follow backfills that end from now on.")
        return
    started, last_tick = (datetime.fromisoformat(each) for each in json.loads(context.cursor))
    ended = list(_ended_since(context.instance, max(started, last_tick - OVERLAP), now))
    context.update_cursor(_cursor(started, now))
    for each in ended:
        yield dg.RunRequest(run_key=each.backfill_id, tags={AFTER_BACKFILL: each.backfill_id})
    if not ended:
        yield dg.SkipReason("No backfill has ended.")


def _cursor(started: datetime, last_tick: datetime) -> str:
    return json.dumps([started.isoformat(), last_tick.isoformat()])


def _last_end(instance: dg.DagsterInstance, now: datetime) -> datetime:
    """Return when the last backfill ended, by the clock that dates the next ones: the daemon's."""
    begun = now - LONGEST_BACKFILL
    ends = (each.ended_at for each in backfills(instance, created_after=begun))
    return max((each for each in ends if each), default=begun)


def _ended_since(
    instance: dg.DagsterInstance, since: datetime, now: datetime
) -> Iterator[Backfill]:
    for each in backfills(instance, created_after=now - LONGEST_BACKFILL):
        if each.ended_at and each.ended_at > since and _changes_coverage(each):
            yield each


def _changes_coverage(backfill: Backfill) -> bool:
    if not backfill.assets:
        return backfill.job_name in JOBS
    return bool(backfill.assets & SOURCES) and COVERAGE not in backfill.assets
