"""The jobs that an operator or CI runs; with DRY_RUN set, each of them is a dry run."""

from urllib.parse import urlencode

import dagster as dg
from dagster import AssetSelection, OpDefinition

from wxyc_assets.defs.accept_coverage import accept_coverage
from wxyc_assets.defs.dagster_internals import OF_OUR_LOCATION
from wxyc_assets.defs.dry_runs import (
    ask_and_count,
    count_doubts,
    count_labels,
    count_lookups,
    count_refreshes,
    count_states,
    dry_run_job,
    library_identity_dry_run,
    rotation_dry_run,
)
from wxyc_assets.defs.library_identity import LIBRARY_IDENTITY, LML_RESOLUTIONS
from wxyc_assets.defs.partitions import library_ranges
from wxyc_assets.defs.replays import replay_covers_job
from wxyc_assets.defs.retention import sweep_old_rows
from wxyc_assets.defs.revert import revert_run_job
from wxyc_assets.settings import settings

identity_graph = AssetSelection.assets("library_candidates", LML_RESOLUTIONS, LIBRARY_IDENTITY)
covers = AssetSelection.assets("library_artwork", "library_releases")
coverage = AssetSelection.assets("library_coverage")
doubts = AssetSelection.assets("library_doubts")
precision = AssetSelection.assets("library_precision")
rotation = AssetSelection.assets("rotation_identities", "rotation_cache")
all_ranges = {
    "dagster/asset_partition_range_start": library_ranges.get_first_partition_key() or "",
    "dagster/asset_partition_range_end": library_ranges.get_last_partition_key() or "",
}


def asset_job(
    name: str,
    selection: AssetSelection,
    *dry_steps: OpDefinition,
    description: str,
    run_tags: dict[str, str] | None = None,
    executor_def: dg.ExecutorDefinition | None = None,
):  # the type of a job over assets is private to Dagster
    """Return a job over these assets; with DRY_RUN set, the job of its steps of dry runs."""
    if settings.dry_run:
        return dry_run_job(name, *dry_steps, description=f"DRY RUN (DRY_RUN is set): {description}")
    return dg.define_asset_job(
        name,
        selection=selection,
        description=description,
        run_tags={**OF_OUR_LOCATION, **(run_tags or {})},
        executor_def=executor_def,
    )


def full_job(
    name: str, selection: AssetSelection, *dry_steps: OpDefinition, description: str
):  # see asset_job
    """Return a job over all ranges, whose description links to its launchpad in the UI."""
    return asset_job(
        name,
        selection,
        *dry_steps,
        run_tags=all_ranges,
        description=f"{description}\n\n[Open the launchpad for all ranges]({_launchpad(name)})",
    )


def _launchpad(job: str) -> str:
    """Return the path of a job's launchpad in the UI, filled in for one run over all ranges.

    The UI hides the launchpad of a job over assets, and launches it without its `run_tags`, hence
    the tags. With the configuration, which is empty, each visit begins a new one: otherwise the
    launchpad asks for a partition, and keeps the defaults of the day when it was first opened.
    """
    query = {"config": "{}"}
    for place, (key, value) in enumerate(all_ranges.items()):
        query |= {f"tags[{place}][key]": key, f"tags[{place}][value]": value}
    return f"/guess/{job}/playground/setup?{urlencode(query)}"


library_identity_job = asset_job(
    "library_identity_job",
    identity_graph,
    ask_and_count,
    description="Identities for chosen ranges: pick them in the launchpad, or tag the run.",
)

library_identity_full = full_job(
    "library_identity_full",
    identity_graph,
    ask_and_count,
    description="Identities for the whole library; only records that are due are asked about.",
)

library_artwork_job = asset_job(
    "library_artwork_job",
    covers,
    count_lookups,
    description="Covers for chosen ranges, without an identity run.",
)

library_artwork_full = full_job(
    "library_artwork_full",
    covers,
    count_lookups,
    description="Covers for the whole library, without an identity run.",
)

library_full = full_job(
    "library_full",
    identity_graph | covers | coverage | doubts,
    ask_and_count,
    count_lookups,
    count_states,
    count_doubts,
    description="The whole library in one run; then a snapshot of the coverage, whose checks "
    "decide the exit code.",
)

library_doubts_job = asset_job(
    "library_doubts_job",
    doubts,
    count_doubts,
    description="Reasons to doubt what is stored about records; LML is not asked.",
)

coverage_gates = asset_job(
    "coverage_gates",
    coverage,
    count_states,
    description="A fresh snapshot of the coverage, then its checks; fails if one fails, and "
    "prints which and by how much.",
)


precision_job = asset_job(
    "precision_job",
    precision,
    count_labels,
    description="How right identities and covers are, measured on the newest labelled sample.",
)


def rotation_job_with(executor: dg.ExecutorDefinition | None):
    """Return the rotation's job; without an executor, with that of the code location."""
    return asset_job(
        "rotation_job",
        rotation,
        count_refreshes,
        description="Gates, then a refresh of LML's cache for everything in rotation.",
        executor_def=executor,
    )


rotation_job = rotation_job_with(None)

jobs = [
    library_identity_job,
    library_identity_full,
    library_artwork_job,
    library_artwork_full,
    library_full,
    library_doubts_job,
    coverage_gates,
    precision_job,
    accept_coverage,
    replay_covers_job,
    revert_run_job,
    sweep_old_rows,
    library_identity_dry_run,
    rotation_job,
    rotation_dry_run,
]
