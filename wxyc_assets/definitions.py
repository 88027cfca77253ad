"""The `wxyc_assets` code location."""

import dagster as dg

from wxyc_assets import garbage_collector

with garbage_collector.paused():
    from wxyc_assets.defs import (
        library_artwork,
        library_candidates,
        library_coverage,
        library_doubts,
        library_identity,
        library_precision,
        library_releases,
        rotation_cache,
        rotation_identities,
    )
    from wxyc_assets.defs.alerts import alert_sensors
    from wxyc_assets.defs.catalog import described
    from wxyc_assets.defs.coverage_sensor import coverage_follows_backfills
    from wxyc_assets.defs.jobs import jobs
    from wxyc_assets.defs.resources import resources
    from wxyc_assets.defs.run_alerts import in_process_executor
    from wxyc_assets.defs.schedules import schedules
    from wxyc_assets.defs.startup import one_line_for_commands
    from wxyc_assets.telemetry.sentry import check_dsn

with one_line_for_commands():
    check_dsn()

library = [
    library_candidates,
    library_identity,
    library_artwork,
    library_releases,
    library_coverage,
    library_doubts,
    library_precision,
]
rotation = [rotation_identities, rotation_cache]

defs = dg.Definitions(
    assets=[
        *described(dg.load_assets_from_modules(library, group_name="library", include_specs=True)),
        *described(
            dg.load_assets_from_modules(rotation, group_name="rotation", include_specs=True)
        ),
    ],
    asset_checks=dg.load_asset_checks_from_modules([*library, *rotation]),
    jobs=jobs,
    schedules=schedules,
    sensors=[*alert_sensors, coverage_follows_backfills],
    resources=resources,
    executor=in_process_executor,
)
