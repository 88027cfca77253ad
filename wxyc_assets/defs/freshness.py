"""Freshness policies; Dagster marks an asset that is too old in the UI, and nothing else happens.

A policy considers the asset as a whole: its most recently materialized range counts. The Backend's
own tables are materialized by nobody here; a run that reads one whole says so, and that counts.
"""

from datetime import timedelta

import dagster as dg

WEEK, DAY = timedelta(days=7), timedelta(days=1)

weekly = dg.FreshnessPolicy.time_window(fail_window=WEEK + DAY, warn_window=WEEK + DAY / 4)
"""For assets of the weekly schedule, with room for a long run."""

daily = dg.FreshnessPolicy.time_window(fail_window=DAY * 1.5, warn_window=DAY + DAY / 12)
"""For assets of a daily schedule."""


def report_read(instance: dg.DagsterInstance, asset: str, **figures: int) -> None:
    """Report that a table of the Backend's was read just now, with what was found in it.

    As a materialization outside the run: Dagster's policies do not look at observations.
    """
    instance.report_runless_asset_event(
        dg.AssetMaterialization(asset, description="Read by a run.", metadata=figures)
    )
