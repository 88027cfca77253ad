"""The same code location, with steps executed by Celery workers, on more than one machine.

The workers' configuration is `deploy/celery/worker.yaml`.
"""

import dagster as dg

from wxyc_assets import definitions, sent_steps
from wxyc_assets.defs.jobs import jobs, rotation_job, rotation_job_with
from wxyc_assets.defs.run_alerts import in_process_executor
from wxyc_assets.defs.schedules import rotation_daily, schedules
from wxyc_assets.defs.startup import one_line_for_commands

with one_line_for_commands():
    from dagster_celery import celery_executor

# A step that outlasts the queue's visibility timeout starts a second time beside the first. The
# library's steps lock their ranges and can bear that; a refresh would be paid for twice.
in_process_rotation_job = rotation_job_with(in_process_executor)

defs = dg.Definitions(
    assets=definitions.defs.assets,
    asset_checks=definitions.defs.asset_checks,
    jobs=[in_process_rotation_job if job is rotation_job else job for job in jobs],
    schedules=[
        each.with_updated_job(in_process_rotation_job) if each is rotation_daily else each
        for each in schedules
    ],
    sensors=definitions.defs.sensors,
    resources=definitions.defs.resources,
    executor=celery_executor.configured(
        {
            "broker": {"env": "CELERY_BROKER_URL"},
            "backend": {"env": "CELERY_RESULT_BACKEND"},
            "config_source": sent_steps.SETTINGS,
        },
        name="celery",
    ),
)
