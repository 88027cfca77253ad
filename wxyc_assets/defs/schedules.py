"""Schedules; every one is off until somebody turns it on.

They sit in free slots of the station's calendar, an hour from every heavy job; the rotation's takes
over that of the job it replaces (docs/contracts/jobs-before-us.md, "The station's calendar (UTC)").
"""

import dagster as dg

from wxyc_assets.defs.jobs import (
    coverage_gates,
    library_identity_full,
    precision_job,
    rotation_job,
)
from wxyc_assets.defs.retention import sweep_old_rows

rotation_daily = dg.ScheduleDefinition(
    name="rotation_daily",
    job=rotation_job,
    cron_schedule="30 4 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Refreshes LML's cache for the rotation while few people are listening.",
)

identities_weekly = dg.ScheduleDefinition(
    name="identities_weekly",
    job=library_identity_full,
    cron_schedule="50 7 * * 0",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Asks again about stale identities, and about records that are new: on Sunday, "
    "during the night at the station.",
)

coverage_daily = dg.ScheduleDefinition(
    name="coverage_daily",
    job=coverage_gates,
    cron_schedule="30 10 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="A daily snapshot of the coverage, with its checks; LML is not called.",
)

precision_weekly = dg.ScheduleDefinition(
    name="precision_weekly",
    job=precision_job,
    cron_schedule="30 14 * * 1",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="How right the library is, by the labels given so far; LML only says its version.",
)

sweep_daily = dg.ScheduleDefinition(
    name="sweep_daily",
    job=sweep_old_rows,
    cron_schedule="40 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Sweeps what is of no use any more from our own tables; LML is not called.",
)

schedules = [rotation_daily, identities_weekly, coverage_daily, precision_weekly, sweep_daily]
