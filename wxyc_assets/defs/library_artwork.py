"""Covers for the library: found by LML, written only for a single high-confidence match."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import dagster as dg
from pydantic import Field

from wxyc_assets.adapters.lml.caller import CallerReason
from wxyc_assets.adapters.postgres.artwork_store import ArtworkStore
from wxyc_assets.adapters.postgres.run_store import Pipeline, RunStore
from wxyc_assets.defs import metadata
from wxyc_assets.defs.dagster_internals import output_without_materialization
from wxyc_assets.defs.instrumentation import Totals, instrumented
from wxyc_assets.defs.library_identity import LIBRARY_IDENTITY
from wxyc_assets.defs.live_activity import connected
from wxyc_assets.defs.lml_resource import LmlResource
from wxyc_assets.defs.open_ranges import completeness_check, finish_run
from wxyc_assets.defs.partitions import (
    are_all_ranges,
    range_asset,
    report_range,
    selected_ranges,
)
from wxyc_assets.defs.resources import DatabaseResource
from wxyc_assets.defs.run_checks import LIMITS, check_result, range_of_run
from wxyc_assets.domain.artwork import CoverScope, Eligibility, Match, Rules
from wxyc_assets.domain.cover_outcomes import WriteOutcome
from wxyc_assets.domain.coverage import CoverageRules
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.domain.run_checks import judge_answers, judge_written
from wxyc_assets.flows.artwork.pipeline import ArtworkOptions, ArtworkPipeline
from wxyc_assets.flows.artwork.report import ArtworkReport
from wxyc_assets.flows.heartbeat import telling
from wxyc_assets.flows.recorded_run import RunEntry, run_on_record
from wxyc_assets.settings import Days, Seconds, Share, settings
from wxyc_assets.views.contact_sheet import contact_sheet


class ArtworkConfig(dg.Config):
    """The records that a run wants covers for, and what counts as a match."""

    eligibility: Literal["discogs_artist", "identity", "all"] = Field(
        default=settings.artwork_eligibility.value,
        description="Records whose artist has a Discogs id; or whose identity has one; or all.",
    )
    match: Literal["careful", "first"] = Field(
        default=settings.artwork_match.value,
        description="A single high-confidence match; or the first result, unchecked.",
    )
    min_confidence: Share = Field(
        default=settings.artwork_min_confidence, description="The floor for a release."
    )
    retry_days: Days = Field(
        default=settings.unresolved_retry_days,
        description="A record for which no cover was found waits this long.",
    )
    health_interval_seconds: Seconds = Field(
        default=settings.lml_health_interval_seconds,
        description="Between two checks of LML's circuit breaker; each costs a Discogs request.",
    )

    def scope(self) -> CoverScope:
        """Return the scope as the domain takes it."""
        return CoverScope(
            eligibility=Eligibility(self.eligibility),
            rules=Rules(min_confidence=self.min_confidence, match=Match(self.match)),
            retry_days=self.retry_days,
        )


artwork_ranges_are_complete = completeness_check(
    dg.AssetKey("library_artwork"), "artwork_ranges_are_complete"
)


@range_asset(
    deps=[LIBRARY_IDENTITY],
    pool="lml",
    dagster_type=dg.Nothing,
)
async def library_artwork(
    context: dg.AssetExecutionContext,
    config: ArtworkConfig,
    database: DatabaseResource,
    lml: LmlResource,
):  # Dagster would read an annotation here as the output's type
    """A cover in `library.artwork_url`, or a dated attempt to find one in `artwork_lookup`.

    Whatever is not a single high-confidence match is refused, and the reason is kept.
    """
    with instrumented(context, "library_artwork") as totals:
        ranges, options = selected_ranges(context), _options(context, config, lml)
        entry, report = _entry(context, config, ranges), partial(_report, context, totals)
        caller, key = CallerReason.COVERS, context.asset_key
        async with connected(context, database, lml, caller, totals) as (opened, client, give_way):
            pipeline = ArtworkPipeline(
                ArtworkStore(opened, config.scope()), client, options, give_way
            )
            summary = await run_on_record(RunStore(opened), entry, pipeline, ranges, report)
            await finish_run(context, opened, summary, [key], artwork_ranges_are_complete)
    yield output_without_materialization("result")


@dg.asset_check(asset=library_artwork, blocking=True)  # pyright: ignore[reportArgumentType]
async def covers_are_written(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource
) -> dg.AssetCheckResult:
    """This run: the covers found for its ranges are in the library."""
    id_range, run_id = range_of_run(context), context.op_execution_context.run_id
    async with database.open() as opened:
        store = ArtworkStore(opened, _config_of_run(context).scope())
        count = await store.count_written(id_range, run_id)
    return check_result(context, judge_written(count, LIMITS, what="covers"), id_range)


@dg.asset_check(asset=library_artwork, blocking=True)  # pyright: ignore[reportArgumentType]
async def lookups_make_sense(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource
) -> dg.AssetCheckResult:
    """This run: LML answered most of its lookups, and found some covers."""
    id_range, run_id = range_of_run(context), context.op_execution_context.run_id
    async with database.open() as opened:
        store = ArtworkStore(opened, _config_of_run(context).scope())
        lookups = await store.count_run_lookups(id_range, run_id)
    return check_result(context, judge_answers(lookups, LIMITS, found="a cover"), id_range)


def _options(
    context: dg.AssetExecutionContext, config: ArtworkConfig, lml: LmlResource
) -> ArtworkOptions:
    return ArtworkOptions(
        run_id=context.run.run_id,
        retry_policy=lml.retry_policy(),
        max_in_flight=lml.max_in_flight,
        max_refused_writes=settings.max_refused_writes,
        health_interval_seconds=config.health_interval_seconds,
        breaker_ceiling_seconds=lml.breaker_ceiling_seconds,
    )


def _entry(
    context: dg.AssetExecutionContext, config: ArtworkConfig, ranges: Sequence[IdRange]
) -> RunEntry:
    return RunEntry(
        kind=Pipeline.ARTWORK,
        run_id=context.run.run_id,
        rules=CoverageRules(covers=config.scope()),
        watch=telling(context.log.info),
        is_whole=are_all_ranges(ranges),
    )


def _report(context: dg.AssetExecutionContext, totals: Totals, report: ArtworkReport) -> None:
    """Count a range in the totals; report it as materialized if it is complete."""
    context.log.info(report.sentence)
    totals.add({f"artwork.{name}": number for name, number in report.figures().items()})
    if not report.open_rows:
        report_range(context, context.asset_key, report.id_range.key, _metadata(report))


def _config_of_run(context: dg.AssetCheckExecutionContext) -> ArtworkConfig:
    """Return the config that the asset has in this run, so that the rules judged by are its own."""
    ops: Any = context.op_execution_context.run_config.get("ops", {})
    return ArtworkConfig(**ops.get(library_artwork.op.name, {}).get("config", {}))


def _metadata(report: ArtworkReport) -> dict[str, dg.MetadataValue]:
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(report.covered.lookups),
        "albums": dg.MetadataValue.int(report.covered.albums),
        "covers": dg.MetadataValue.int(report.covered.covered),
        "reverted": dg.MetadataValue.int(report.covered.reverted),
        "share_covered": dg.MetadataValue.float(report.share_covered),
        **metadata.run_counters(report.figures()),
        **metadata.latencies(report.tally.latencies_ms),
        **metadata.price(report.tally, "cover", report.tally.outcomes[WriteOutcome.WRITTEN]),
        **_contact_sheet(report),
        **metadata.offenders("refused", report.refusals),
        **metadata.offenders("not_written", report.write_errors),
    }


def _contact_sheet(report: ArtworkReport) -> dict[str, dg.MetadataValue]:
    shown = report.first_covers
    sheet = contact_sheet(shown, settings.cover_proxy_url)
    return {"contact_sheet": dg.MetadataValue.md(sheet)} if shown else {}
