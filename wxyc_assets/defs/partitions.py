"""The library as id ranges."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg

from wxyc_assets.domain.ranges import IdRange, tile
from wxyc_assets.settings import settings

library_ranges = dg.StaticPartitionsDefinition(
    [each.key for each in tile(settings.library_max_id, settings.library_range_width)]
)

one_run = (
    dg.BackfillPolicy.multi_run(settings.ranges_per_run)
    if settings.ranges_per_run
    else dg.BackfillPolicy.single_run()
)


def range_asset(**options: Any) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Decorate an asset of one partition per range, as `dg.asset` does with these options.

    Dagster warns that `backfill_policy` is beta.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Parameter `backfill_policy`", dg.BetaWarning)
        return dg.asset(partitions_def=library_ranges, backfill_policy=one_run, **options)


def selected_ranges(context: dg.AssetExecutionContext) -> list[IdRange]:
    """Return the ranges of this run, in id order.

    Raises dg.Failure for none, for an unknown one, and for a selection that ends before it begins.
    """
    if not (context.has_partition_key or context.has_partition_key_range):
        raise dg.Failure(
            "This run has no range: choose partitions in the UI, or tag it dagster/partition, "
            f"with {library_ranges.get_first_partition_key()} for the first.",
            allow_retries=False,
        )
    ends = context.partition_key_range
    known_ranges([ends.start, ends.end])
    if ends.start > ends.end:
        raise dg.Failure(
            f"The selection is reversed: it begins at {ends.start}, after its end at {ends.end}. "
            "Swap dagster/asset_partition_range_start and dagster/asset_partition_range_end.",
            allow_retries=False,
        )
    return known_ranges(context.partition_keys)


def known_ranges(keys: Sequence[str]) -> list[IdRange]:
    """Return the ranges of these keys, in id order; raises dg.Failure for an unknown key."""
    known = library_ranges.get_partition_keys()
    if unknown := [key for key in keys if key not in known]:
        raise dg.Failure(
            f"No such range: {unknown[0]!r}. The first is {known[0]}, the last {known[-1]}.",
            allow_retries=False,
        )
    return sorted(IdRange.parse(key) for key in keys)


def are_all_ranges(ranges: Sequence[IdRange]) -> bool:
    """Return True if a run of these ranges is one over the whole library."""
    return len(ranges) == len(library_ranges.get_partition_keys())


def report_range(
    context: dg.AssetExecutionContext,
    asset_key: dg.AssetKey,
    key: str,
    figures: dict[str, dg.MetadataValue],
) -> None:
    """Report a range as materialized at once, so that a later failure of the step leaves it so.

    The step's own output then materializes nothing: see `output_without_materialization`.
    """
    context.log_event(dg.AssetMaterialization(asset_key=asset_key, partition=key, metadata=figures))
