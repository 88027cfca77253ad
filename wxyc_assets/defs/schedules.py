"""Schedules; every one is off until somebody turns it on.

They sit in free slots of the station's calendar, an hour from every heavy job; the rotation's takes
over that of the job it replaces (docs/contracts/jobs-before-us.md, "The station's calendar (UTC)").
"""

from functools import partial

import dagster as dg

from wxyc_assets.defs.jobs import (
    coverage_gates,
    library_identity_full,
    precision_job,
    rotation_job,
)
from wxyc_assets.defs.retention import sweep_old_rows

_schedule = partial(
    dg.ScheduleDefinition,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
)

rotation_daily = _schedule(
    name="rotation_daily",
    job=rotation_job,
    cron_schedule="30 4 * * *",
    description="Refreshes LML's cache for the rotation while few people are listening.",
)
identities_weekly = _schedule(
    name="identities_weekly",
    job=library_identity_full,
    cron_schedule="50 7 * * 0",
    description="Asks again about stale identities, and about records that are new: on Sunday, "
    "during the night at the station.",
)
coverage_daily = _schedule(
    name="coverage_daily",
    job=coverage_gates,
    cron_schedule="30 10 * * *",
    description="A daily snapshot of the coverage, with its checks; LML is not called.",
)
precision_weekly = _schedule(
    name="precision_weekly",
    job=precision_job,
    cron_schedule="30 14 * * 1",
    description="How right the library is, by the labels so far; LML only says its version.",
)
sweep_daily = _schedule(
    name="sweep_daily",
    job=sweep_old_rows,
    cron_schedule="40 2 * * *",
    description="Deletes rows that are no longer needed from our own tables; LML is not called.",
)

schedules = [rotation_daily, identities_weekly, coverage_daily, precision_weekly, sweep_daily]
