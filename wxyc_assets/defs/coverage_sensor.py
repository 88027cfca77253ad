"""A snapshot after each backfill of what it counts: one a backfill, however many ranges."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from wxyc_assets.defs.dagster_internals import Backfill, backfills
from wxyc_assets.defs.jobs import coverage_gates, library_artwork_job, library_identity_job

COUNTED = {
    dg.AssetKey(name)
    for name in ("library_candidates", "lml_resolutions", "library_identity", "library_artwork")
}
COVERAGE = dg.AssetKey("library_coverage")
JOBS = {library_identity_job.name, library_artwork_job.name}
LONGEST_BACKFILL = timedelta(days=14)
OVERLAP = timedelta(minutes=5)
"""An end is dated before it can be seen; what is seen twice is known by its run key."""


@dg.sensor(
    job=coverage_gates,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Takes a snapshot, and looks at the gates, after each backfill of identities or "
    "covers, however it ended. Begins with what ends after its first tick.",
)
def coverage_follows_backfills(
    context: dg.SensorEvaluationContext,
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    now = datetime.now(UTC)
    if context.cursor is None:
        context.update_cursor(_cursor(now, now))
        yield dg.SkipReason("From now on.")
        return
    begun, looked = (datetime.fromisoformat(each) for each in json.loads(context.cursor))
    ended = list(_ended_since(context.instance, max(begun, looked - OVERLAP), now))
    context.update_cursor(_cursor(begun, now))
    for each in ended:
        yield dg.RunRequest(
            run_key=each.backfill_id, tags={"wxyc_assets/after_backfill": each.backfill_id}
        )
    if not ended:
        yield dg.SkipReason("No backfill has ended.")


def _cursor(begun: datetime, looked: datetime) -> str:
    return json.dumps([begun.isoformat(), looked.isoformat()])


def _ended_since(
    instance: dg.DagsterInstance, since: datetime, now: datetime
) -> Iterator[Backfill]:
    for each in backfills(instance, created_after=now - LONGEST_BACKFILL):
        if each.ended_at and each.ended_at > since and _is_counted(each):
            yield each


def _is_counted(backfill: Backfill) -> bool:
    if not backfill.assets:
        return backfill.job_name in JOBS
    return bool(backfill.assets & COUNTED) and COVERAGE not in backfill.assets
