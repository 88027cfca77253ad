"""LML's answers, and the identities made from them: two assets of one step.

Asking and applying overlap, so they share a step; either can be selected alone.
"""

from contextlib import nullcontext

import dagster as dg

from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.adapters.postgres.run_store import Pipeline, RunStore
from wxyc_assets.defs import freshness, metadata
from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.partitions import (
    are_all_ranges,
    finish_run,
    library_ranges,
    one_run,
    report_range,
    selected_ranges,
)
from wxyc_assets.defs.resources import DatabaseResource, LmlResource, PagesResource, ScopeResource
from wxyc_assets.domain.coverage import CoverageRules
from wxyc_assets.flows.identity.pipeline import IdentityOptions, IdentityPipeline
from wxyc_assets.flows.identity.report import IdentityReport
from wxyc_assets.flows.range_report import RunSummary

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

    def on_range_done(report: IdentityReport) -> None:
        totals.add(report.figures())
        if not report.open_rows:
            for asset_key in selected:
                report_range(context, asset_key, report.id_range.key, _metadata(report))

    with instrumented(context, "library_identity") as totals:
        ranges, asks = selected_ranges(context), LML_RESOLUTIONS in selected
        options = IdentityOptions(
            run_id=context.run.run_id,
            scope=scope.scope(),
            page_sizes=pages.page_sizes(),
            retry_policy=lml.retry_policy(),
            max_in_flight=lml.max_in_flight,
            applies=LIBRARY_IDENTITY in selected,
        )
        async with database.open() as opened, lml.open(opened) if asks else nullcontext() as client:
            books, rules = RunStore(opened), CoverageRules(scope=options.scope)
            await books.begin(
                Pipeline.IDENTITY, options.run_id, rules, ranges, is_whole=are_all_ranges(ranges)
            )
            pipeline = IdentityPipeline(IdentityStore(opened), client, options)
            summary = await pipeline.run(ranges, on_range_done)
            if asks and options.applies:
                await books.complete(Pipeline.IDENTITY, options.run_id, summary.completed, rules)
            _warn_of_drift(context, summary)
            await finish_run(context, opened, summary)
    for asset_key in selected:
        yield dg.Output(None, output_name=asset_key.to_python_identifier())


def _metadata(report: IdentityReport) -> dict[str, dg.MetadataValue]:
    total = report.total
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(total.scanned),
        **{name: dg.MetadataValue.int(round(n)) for name, n in total.figures().items()},
        **metadata.latencies(total.latencies_ms),
        **metadata.offenders("refused", report.refusals),
        **metadata.offenders("not_written", report.write_errors),
    }


def _warn_of_drift(context: dg.AssetExecutionContext, summary: RunSummary[IdentityReport]) -> None:
    drifted = sum(each.total.details["pages_with_join_drift"] for each in summary.reports)
    if drifted:
        context.log.warning(
            f"On {drifted} pages at least half of LML's tracks match no credit: the join key, "
            "artist_name and track_title, has drifted apart."
        )
