"""LML's answers, and the identities made from them: two assets of one step.

Asking and applying overlap, so they share a step; either can be selected alone.
"""

from collections.abc import Sequence
from functools import partial

import dagster as dg

from wxyc_assets.adapters.lml.caller import CallerReason
from wxyc_assets.adapters.postgres.identity_store import IdentityStore, RangeCounts
from wxyc_assets.adapters.postgres.run_store import Pipeline, RunStore
from wxyc_assets.defs import metadata
from wxyc_assets.defs.dagster_internals import output_without_materialization
from wxyc_assets.defs.instrumentation import Totals, instrumented
from wxyc_assets.defs.live_activity import connected
from wxyc_assets.defs.lml_resource import LmlResource
from wxyc_assets.defs.open_ranges import completeness_check, finish_run
from wxyc_assets.defs.partitions import (
    are_all_ranges,
    library_ranges,
    one_run,
    report_range,
    selected_ranges,
)
from wxyc_assets.defs.resources import DatabaseResource, PagesResource, ScopeResource
from wxyc_assets.defs.run_checks import LIMITS, check_result, range_of_run
from wxyc_assets.domain.counters import Outcome, as_recheck
from wxyc_assets.domain.coverage import CoverageRules
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.domain.run_checks import judge_answers, judge_written
from wxyc_assets.flows.heartbeat import telling
from wxyc_assets.flows.identity.pipeline import IdentityOptions, IdentityPipeline
from wxyc_assets.flows.identity.report import IdentityReport
from wxyc_assets.flows.range_report import RunSummary
from wxyc_assets.flows.recorded_run import RunEntry, run_on_record
from wxyc_assets.settings import settings

LML_RESOLUTIONS = dg.AssetKey("lml_resolutions")
LIBRARY_IDENTITY = dg.AssetKey("library_identity")

identity_ranges_are_complete = completeness_check(LIBRARY_IDENTITY, "identity_ranges_are_complete")


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            LML_RESOLUTIONS,
            deps=["library_candidates"],
            skippable=True,
            description="LML's answer about a library record, verbatim, or why LML refused it. "
            "Lives in `lml_resolution`.",
        ),
        dg.AssetSpec(
            LIBRARY_IDENTITY,
            deps=[LML_RESOLUTIONS],
            skippable=True,
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
    selected = _selected(context)
    with instrumented(context, "library_identity") as totals:
        ranges, options = selected_ranges(context), _options(context, lml, scope, pages)
        entry, report = _entry(context, ranges, scope), partial(_report, context, totals, scope)
        caller = CallerReason.IDENTITIES if LML_RESOLUTIONS in selected else None
        async with connected(context, database, lml, caller, totals) as (opened, client, give_way):
            pipeline = IdentityPipeline(IdentityStore(opened), client, options, give_way)
            summary = await run_on_record(RunStore(opened), entry, pipeline, ranges, report)
            _warn_of_drift(context, summary)
            await finish_run(context, opened, summary, selected, identity_ranges_are_complete)
    for each in selected:
        yield output_without_materialization(each.to_python_identifier())


@dg.asset_check(asset=LIBRARY_IDENTITY, blocking=True)  # pyright: ignore[reportArgumentType]
async def identities_are_written(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource
) -> dg.AssetCheckResult:
    """This run: LML's answers about its ranges are in the tables, which agree with them."""
    id_range = range_of_run(context)
    async with database.open() as opened:
        count = await IdentityStore(opened).count_written(id_range)
    return check_result(context, judge_written(count, LIMITS, what="answers"), id_range)


@dg.asset_check(asset=LIBRARY_IDENTITY, blocking=True)  # pyright: ignore[reportArgumentType]
async def identity_answers_make_sense(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource
) -> dg.AssetCheckResult:
    """This run: LML refused few of its records, found some, and still knows what it knew."""
    id_range, run_id = range_of_run(context), context.op_execution_context.run_id
    async with database.open() as opened:
        answers = await IdentityStore(opened).count_run_answers(id_range, run_id)
    return check_result(context, judge_answers(answers, LIMITS, found="an identity"), id_range)


def _selected(context: dg.AssetExecutionContext) -> list[dg.AssetKey]:
    return [k for k in (LML_RESOLUTIONS, LIBRARY_IDENTITY) if k in context.selected_asset_keys]


def _options(
    context: dg.AssetExecutionContext, lml: LmlResource, scope: ScopeResource, pages: PagesResource
) -> IdentityOptions:
    return IdentityOptions(
        run_id=context.run.run_id,
        scope=scope.scope(),
        page_sizes=pages.page_sizes(),
        retry_policy=lml.retry_policy(),
        max_in_flight=lml.max_in_flight,
        max_refused_writes=settings.max_refused_writes,
        applies=LIBRARY_IDENTITY in context.selected_asset_keys,
    )


def _entry(
    context: dg.AssetExecutionContext, ranges: Sequence[IdRange], scope: ScopeResource
) -> RunEntry:
    return RunEntry(
        kind=Pipeline.IDENTITY,
        run_id=context.run.run_id,
        rules=CoverageRules(scope=scope.scope()),
        watch=telling(context.log.info),
        is_whole=are_all_ranges(ranges),
        completes={LML_RESOLUTIONS, LIBRARY_IDENTITY} <= context.selected_asset_keys,
    )


def _report(
    context: dg.AssetExecutionContext, totals: Totals, scope: ScopeResource, report: IdentityReport
) -> None:
    """Count a range in the totals; report it as materialized if it is complete."""
    context.log.info(report.sentence)
    totals.add(report.figures())
    if scope.recheck and settings.old_spans:
        totals.add(as_recheck(report.tallies))
    if not report.open_rows:
        for each in _selected(context):
            report_range(context, each, report.id_range.key, _metadata(each, report))


def _metadata(asset_key: dg.AssetKey, report: IdentityReport) -> dict[str, dg.MetadataValue]:
    total = report.total
    return {
        **_counts(asset_key, report.counts),
        **metadata.run_counters(total.figures()),
        **metadata.latencies(total.latencies_ms),
        **metadata.price(total, "identity", total.outcomes[Outcome.RESOLVED]),
        **metadata.offenders("refused", report.refusals),
        **metadata.offenders("invalid", report.invalid),
        **metadata.offenders("not_written", report.write_errors),
    }


def _counts(asset_key: dg.AssetKey, counts: RangeCounts | None) -> dict[str, dg.MetadataValue]:
    """Return what the tables hold for the range, whichever run wrote it."""
    if counts is None:
        return {}
    name = "identities" if asset_key == LIBRARY_IDENTITY else "answers"
    number = getattr(counts, name)
    shown: dict[str, dg.MetadataValue] = {
        "dagster/partition_row_count": dg.MetadataValue.int(number),
        "records": dg.MetadataValue.int(counts.records),
        "reverted": dg.MetadataValue.int(counts.reverted),
    }
    if counts.records:
        shown[f"share_with_{name}"] = dg.MetadataValue.float(number / counts.records)
    return shown


def _warn_of_drift(context: dg.AssetExecutionContext, summary: RunSummary[IdentityReport]) -> None:
    invalid = sum(len(each.invalid) for each in summary.reports)
    if invalid:
        context.log.warning(
            f"{invalid} of LML's answers break its contract and are not stored; the next run asks "
            "again. The materializations of their ranges name them, under `invalid`."
        )
    unknown = sum(each.total.details["unknown_terms"] for each in summary.reports)
    if unknown:
        context.log.warning(
            f"{unknown} times LML used a kind, method or source that docs/contracts/lml.md does "
            "not name; nothing of it is written. The run's log names the terms."
        )
    drifted = sum(each.total.details["pages_with_join_drift"] for each in summary.reports)
    if drifted:
        context.log.warning(
            f"On {drifted} pages at least half of LML's tracks match no credit: the join key, "
            "artist_name and track_title, has drifted apart."
        )
