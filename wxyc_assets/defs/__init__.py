"""Dagster: assets, checks, jobs, schedules, resources, sensors."""

from wxyc_assets.defs.startup import one_line_for_commands

with one_line_for_commands():
    import wxyc_assets.settings  # noqa: F401
