"""The `wxyc_assets` code location."""

import dagster as dg

from wxyc_assets.defs import library_artwork, library_candidates, library_identity
from wxyc_assets.defs.jobs import jobs
from wxyc_assets.defs.observed import start_observing
from wxyc_assets.defs.resources import resources

start_observing()

defs = dg.Definitions(
    assets=dg.load_assets_from_modules(
        [library_candidates, library_identity, library_artwork], group_name="library"
    ),
    jobs=jobs,
    resources=resources,
    executor=dg.in_process_executor,
)
