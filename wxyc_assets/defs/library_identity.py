"""LML's answers, and the identities made from them: two assets of one step.

Asking and applying overlap, so they share a step; either can be selected alone.
"""

from contextlib import AsyncExitStack
from functools import partial

import dagster as dg

from wxyc_assets.adapters.postgres.identity_store import TABLES, IdentityStore
from wxyc_assets.defs import freshness, metadata
from wxyc_assets.defs.failures import fail_if_open
from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.partitions import library_ranges, one_run, report_range, selected_ranges
from wxyc_assets.defs.resources import DatabaseResource, LmlResource, PagesResource, ScopeResource
from wxyc_assets.flows.identity.apply_answers import AnswerWriter
from wxyc_assets.flows.identity.batch_resolver import BatchResolver
from wxyc_assets.flows.identity.pipeline import IdentityPipeline, IdentitySummary
from wxyc_assets.flows.identity.report import IdentityReport

LML_RESOLUTIONS = dg.AssetKey("lml_resolutions")
LIBRARY_IDENTITY = dg.AssetKey("library_identity")


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            LML_RESOLUTIONS,
            deps=["library_candidates"],
            skippable=True,
            kinds={"postgres"},
            freshness_policy=freshness.weekly,
            description="LML's answer about a library record, verbatim, or why LML refused it. "
            "Lives in `lml_resolution`.",
        ),
        dg.AssetSpec(
            LIBRARY_IDENTITY,
            deps=[LML_RESOLUTIONS],
            skippable=True,
            kinds={"postgres"},
            freshness_policy=freshness.weekly,
            description="The result of an answer: an identity with its sources and history, "
            "compilation credits, or a dated attempt. Lives in the Backend's tables.",
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

    def report(done: IdentityReport) -> None:
        totals.add(done.figures())
        if not done.open_rows:
            for asset_key in selected:
                report_range(context, asset_key, done.id_range.key, _metadata(done))

    with instrumented(context, "library_identity") as totals:
        ranges = selected_ranges(context)
        async with AsyncExitStack() as stack:
            library = IdentityStore(await stack.enter_async_context(database.open()))
            asker = None
            if LML_RESOLUTIONS in selected:
                client = await stack.enter_async_context(lml.open(library.database))
                asker = BatchResolver(
                    client,
                    lml.retry_policy(),
                    keep=partial(library.store_answers, run_id=context.run.run_id),
                    max_in_flight=lml.max_in_flight,
                )
            applier = AnswerWriter(library, scope.scope()) if LIBRARY_IDENTITY in selected else None
            resolver = IdentityPipeline(
                library,
                asker=asker,
                applier=applier,
                scope=scope.scope(),
                page_sizes=pages.page_sizes(),
                run_id=context.run.run_id,
                max_in_flight=lml.max_in_flight,
            )
            summary = await resolver.run(ranges, report)
            unanalyzed = await library.database.analyze(*TABLES) if summary.wrote else []
        _warn_of_drift(context, summary)
        metadata.warn_of_stale_statistics(context, unanalyzed)
        fail_if_open(summary.why_open, summary.stopped)
    for asset_key in selected:
        yield dg.Output(None, output_name=asset_key.to_python_identifier())


def _metadata(done: IdentityReport) -> dict[str, dg.MetadataValue]:
    total = done.total
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(total.scanned),
        **{name: dg.MetadataValue.int(round(n)) for name, n in total.figures().items()},
        **metadata.latencies(total.latencies_ms),
        **metadata.offenders("refused", done.refusals),
        **metadata.offenders("not_written", done.write_errors),
    }


def _warn_of_drift(context: dg.AssetExecutionContext, summary: IdentitySummary) -> None:
    drifted = sum(each.total.details["pages_with_join_drift"] for each in summary.reports)
    if drifted:
        context.log.warning(
            f"On {drifted} pages at least half of LML's tracks match no credit: the join key, "
            "artist_name and track_title, has drifted apart."
        )
