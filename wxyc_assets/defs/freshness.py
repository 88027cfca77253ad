"""How fresh we promise things to be; Dagster shows an asset that is not, and nothing else happens.

A policy looks at the asset as a whole: the youngest of its ranges counts.
"""

from datetime import timedelta

import dagster as dg

WEEK, DAY = timedelta(days=7), timedelta(days=1)

weekly = dg.FreshnessPolicy.time_window(fail_window=WEEK + DAY, warn_window=WEEK + DAY / 4)
"""For what the weekly schedule refreshes, with room for a long run."""

daily = dg.FreshnessPolicy.time_window(fail_window=DAY * 1.5, warn_window=DAY + DAY / 12)
"""For what a daily schedule refreshes."""
