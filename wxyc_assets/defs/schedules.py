"""When things run by themselves; everything is off until it is turned on."""

import dagster as dg

from wxyc_assets.defs.jobs import rotation_job

rotation_daily = dg.ScheduleDefinition(
    name="rotation_daily",
    job=rotation_job,
    cron_schedule="30 4 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Refreshes LML's cache for the rotation while few people listen.",
)

schedules = [rotation_daily]
