"""When things run by themselves; everything is off until it is turned on."""

import dagster as dg

from wxyc_assets.defs.jobs import coverage_gates, library_identity_full, rotation_job

rotation_daily = dg.ScheduleDefinition(
    name="rotation_daily",
    job=rotation_job,
    cron_schedule="30 4 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Refreshes LML's cache for the rotation while few people listen.",
)

identities_weekly = dg.ScheduleDefinition(
    name="identities_weekly",
    job=library_identity_full,
    cron_schedule="0 6 * * 0",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Asks anew about identities that have grown stale, and about what is new on the "
    "shelf: Sunday, in the small hours of the station.",
)

coverage_daily = dg.ScheduleDefinition(
    name="coverage_daily",
    job=coverage_gates,
    cron_schedule="0 9 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="A snapshot of the coverage a day, with its gates; asks LML nothing.",
)

schedules = [rotation_daily, identities_weekly, coverage_daily]
