"""Freshness policies; Dagster marks an asset that is too old in the UI, and nothing else happens.

A policy considers the asset as a whole: its most recently materialized range counts.
"""

from datetime import timedelta

import dagster as dg

WEEK, DAY = timedelta(days=7), timedelta(days=1)

weekly = dg.FreshnessPolicy.time_window(fail_window=WEEK + DAY, warn_window=WEEK + DAY / 4)
"""For assets of the weekly schedule, with room for a long run."""

daily = dg.FreshnessPolicy.time_window(fail_window=DAY * 1.5, warn_window=DAY + DAY / 12)
"""For assets of a daily schedule."""
