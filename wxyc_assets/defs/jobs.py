"""The jobs that an operator or CI runs."""

import dagster as dg

from wxyc_assets.defs.accept_coverage import accept_coverage
from wxyc_assets.defs.dry_runs import library_identity_dry_run, rotation_dry_run
from wxyc_assets.defs.library_identity import LIBRARY_IDENTITY, LML_RESOLUTIONS
from wxyc_assets.defs.partitions import library_ranges

identity_graph = dg.AssetSelection.assets("library_candidates", LML_RESOLUTIONS, LIBRARY_IDENTITY)
covers = dg.AssetSelection.assets("library_artwork")
coverage = dg.AssetSelection.assets("library_coverage")
all_ranges = {
    "dagster/asset_partition_range_start": library_ranges.get_first_partition_key() or "",
    "dagster/asset_partition_range_end": library_ranges.get_last_partition_key() or "",
}

library_identity_job = dg.define_asset_job(
    "library_identity_job",
    selection=identity_graph,
    description="Identities for chosen ranges: pick them in the launchpad, or tag the run.",
)

library_identity_full = dg.define_asset_job(
    "library_identity_full",
    selection=identity_graph,
    run_tags=all_ranges,
    description="Identities for the whole library; only records that are due are asked about.",
)

library_artwork_job = dg.define_asset_job(
    "library_artwork_job",
    selection=covers,
    description="Covers for chosen ranges, without an identity run.",
)

library_full = dg.define_asset_job(
    "library_full",
    selection=identity_graph | covers | coverage,
    run_tags=all_ranges,
    description="The whole library in one run, without choosing ranges; then a snapshot of the "
    "coverage, whose checks decide the exit code.",
)

coverage_gates = dg.define_asset_job(
    "coverage_gates",
    selection=coverage,
    description="A fresh snapshot of the coverage, then its checks; fails if one fails, and "
    "prints which and by how much.",
)

rotation_job = dg.define_asset_job(
    "rotation_job",
    selection=dg.AssetSelection.assets("rotation_identities", "rotation_cache"),
    description="Gates, then a refresh of LML's cache for everything in rotation.",
)

jobs = [
    library_identity_job,
    library_identity_full,
    library_artwork_job,
    library_full,
    coverage_gates,
    accept_coverage,
    library_identity_dry_run,
    rotation_job,
    rotation_dry_run,
]
