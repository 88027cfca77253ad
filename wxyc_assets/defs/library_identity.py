"""LML's answers, and what they mean for the library: two assets of one step.

Asking and applying overlap, so they share a step; either can be selected alone.
"""

from contextlib import AsyncExitStack
from functools import partial

import dagster as dg

from wxyc_assets.adapters.postgres.identity_store import TABLES, Library
from wxyc_assets.defs import freshness as promises
from wxyc_assets.defs import metadata as figures
from wxyc_assets.defs.failures import fail_if_open, told_to_dagster
from wxyc_assets.defs.instrumentation import observed
from wxyc_assets.defs.partitions import library_ranges, one_run, report_range, selected_ranges
from wxyc_assets.defs.resources import DatabaseResource, LmlResource, PagesResource, ScopeResource
from wxyc_assets.flows.identity.apply_answers import Applier
from wxyc_assets.flows.identity.batch_resolver import Asker
from wxyc_assets.flows.identity.pipeline import Resolver, Summary
from wxyc_assets.flows.identity.report import RangeReport

LML_RESOLUTIONS = dg.AssetKey("lml_resolutions")
LIBRARY_IDENTITY = dg.AssetKey("library_identity")


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            LML_RESOLUTIONS,
            deps=["library_candidates"],
            skippable=True,
            kinds={"postgres"},
            freshness_policy=promises.weekly,
            description="LML's answer about a library row, word for word, or why LML refused it. "
            "Lives in `lml_resolution`.",
        ),
        dg.AssetSpec(
            LIBRARY_IDENTITY,
            deps=[LML_RESOLUTIONS],
            skippable=True,
            kinds={"postgres"},
            freshness_policy=promises.weekly,
            description="What an answer means: an identity with its sources and history, "
            "compilation credits, a dated attempt. Lives in the Backend's tables.",
        ),
    ],
    can_subset=True,
    partitions_def=library_ranges,
    backfill_policy=one_run,
    pool="lml",
)
async def library_identities(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    lml: LmlResource,
    scope: ScopeResource,
    pages: PagesResource,
):  # Dagster would read an annotation here as the outputs' types
    selected = [k for k in (LML_RESOLUTIONS, LIBRARY_IDENTITY) if k in context.selected_asset_keys]

    def report(done: RangeReport) -> None:
        totals.add(done.figures())
        if not done.open_rows:
            for asset_key in selected:
                report_range(context, asset_key, done.id_range.key, _figures(done))

    with observed(context, "library_identity") as totals, told_to_dagster():
        ranges = selected_ranges(context)
        async with AsyncExitStack() as stack:
            library = Library(await stack.enter_async_context(database.open()))
            asker = None
            if LML_RESOLUTIONS in selected:
                client = await stack.enter_async_context(lml.open(library.database))
                asker = Asker(
                    client,
                    lml.patience(),
                    keep=partial(library.store_answers, run_id=context.run.run_id),
                    max_in_flight=lml.max_in_flight,
                )
            applier = Applier(library, scope.scope()) if LIBRARY_IDENTITY in selected else None
            resolver = Resolver(
                library,
                asker=asker,
                applier=applier,
                scope=scope.scope(),
                page_sizes=pages.sizes(),
                run_id=context.run.run_id,
                max_in_flight=lml.max_in_flight,
            )
            summary = await resolver.run(ranges, report)
            unanalyzed = await library.database.analyze(*TABLES) if summary.wrote else []
        _warn_of_drift(context, summary)
        figures.warn_of_stale_statistics(context, unanalyzed)
        fail_if_open(summary.why_open, summary.stopped)
    for asset_key in selected:
        yield dg.Output(None, output_name=asset_key.to_python_identifier())


def _figures(done: RangeReport) -> dict[str, dg.MetadataValue]:
    total = done.total
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(total.scanned),
        **{name: dg.MetadataValue.int(round(n)) for name, n in total.figures().items()},
        **figures.latencies(total.latencies_ms),
        **figures.offenders("refused", done.refusals),
        **figures.offenders("not_written", done.write_errors),
    }


def _warn_of_drift(context: dg.AssetExecutionContext, summary: Summary) -> None:
    drifted = sum(each.total.details["pages_with_join_drift"] for each in summary.reports)
    if drifted:
        context.log.warning(
            f"On {drifted} pages at least half of LML's tracks match no credit: the join key, "
            "artist_name and track_title, has drifted apart."
        )
