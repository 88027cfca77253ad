"""LML's cache, refreshed for the active rotation, and the checks on the refresh."""

import dagster as dg
from pydantic import Field

from wxyc_assets.adapters.lml.caller import CallerReason
from wxyc_assets.adapters.postgres.rotation_store import RotationStore
from wxyc_assets.defs import metadata
from wxyc_assets.defs.catalog import what_to_do
from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.live_activity import giving_way
from wxyc_assets.defs.lml_resource import LmlResource
from wxyc_assets.defs.resources import DatabaseResource, RotationGates
from wxyc_assets.defs.rotation_identities import check_deploy, check_identified
from wxyc_assets.domain.percent import percent
from wxyc_assets.domain.refreshes import affordable_batch
from wxyc_assets.flows.heartbeat import heartbeat
from wxyc_assets.flows.rotation.cache_refresh import RefreshOptions
from wxyc_assets.flows.rotation.pipeline import RotationPipeline
from wxyc_assets.flows.rotation.report import RotationReport
from wxyc_assets.flows.worker_pool import in_background
from wxyc_assets.settings import RefreshBatchSize, RefreshesInFlight, Seconds, settings

FAILURES_SHOWN = 10


class RefreshConfig(dg.Config):
    """The size of a refresh call, and how many are in flight."""

    batch_size: RefreshBatchSize = Field(
        default=settings.refresh_batch_size,
        description="Identities per call, at most; fewer if half a minute's rate does not pay for "
        "them. LML takes at most 50.",
    )
    max_in_flight: RefreshesInFlight = Field(
        default=settings.refresh_max_concurrent, description="Calls in flight."
    )
    pause_seconds: Seconds = Field(
        default=30,
        description="Before the second attempt at identities whose sources all failed.",
    )


class RareConfig(dg.Config):
    """The ceiling of a check on rare events."""

    ceiling: float | None = Field(
        default=None,
        description="Share of the refreshed identities; by default the environment's.",
    )


@dg.asset(
    deps=["rotation_identities"],
    pool="lml",
)
async def rotation_cache(
    context: dg.AssetExecutionContext,
    config: RefreshConfig,
    database: DatabaseResource,
    lml: LmlResource,
    rotation_gates: RotationGates,
) -> None:
    """A refresh of LML's cache for every identity in rotation, and its counters.

    Lives in `rotation_refresh`, one row per run. Both gates are checked here as well, so that
    nothing is refreshed behind a closed one, whatever was selected. Batches that failed are a
    failed check, so that the others are still judged.
    """
    with instrumented(context, "rotation_cache") as totals:
        async with database.open() as opened, lml.open(opened, CallerReason.ROTATION) as client:
            store = RotationStore(opened)
            active = await store.active()
            _require(check_identified(active, rotation_gates))
            _require(await check_deploy(client, rotation_gates))
            async with giving_way(context, opened, lml, totals) as live:
                pipeline = RotationPipeline(store, client, _options(config, lml), live.give_way)
                async with in_background(heartbeat(pipeline.progress, context.log.info)):
                    report = await pipeline.run(
                        active.identity_ids, context.log.warning, run_id=context.run.run_id
                    )
        totals.add(report.tally.figures())
        totals["backfill.dry_run"] = False
        shown = _metadata(report)
        if report.stopped:
            raise dg.Failure(report.failure, metadata=shown)
    context.add_output_metadata(shown)


@dg.asset_check(asset=rotation_cache, blocking=True)  # pyright: ignore[reportArgumentType]
async def every_identity_is_refreshed(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource
) -> dg.AssetCheckResult:
    """The rotation: no call of the refresh failed for good."""
    async with database.open() as opened:
        newest = await RotationStore(opened).newest_refresh(context.op_execution_context.run_id)
    if newest is None:
        return dg.AssetCheckResult(
            passed=False,
            description="There never was a refresh.",
            metadata=what_to_do("every_identity_is_refreshed"),
        )
    unfinished = None if newest.is_finished else "The refresh has not ended."
    why = newest.failure or unfinished
    return dg.AssetCheckResult(
        passed=why is None,
        description=why or f"{newest.identities_scanned} identities were refreshed.",
        metadata={
            "identities_scanned": newest.identities_scanned,
            "lml_error": newest.lml_error,
            "refresh": newest.run_id,
            **what_to_do("every_identity_is_refreshed"),
        },
    )


@dg.asset_check(asset=rotation_cache, blocking=True)  # pyright: ignore[reportArgumentType]
async def stale_handles_stay_rare(
    config: RareConfig, database: DatabaseResource
) -> dg.AssetCheckResult:
    """The rotation: of the identities refreshed in the last 24 hours, LML knew nearly all."""
    ceiling = settings.max_stale_handles if config.ceiling is None else config.ceiling
    return await _is_rare(
        "stale_handles_stay_rare",
        "not_found",
        "are unknown to LML (our handle is stale)",
        ceiling,
        database,
    )


@dg.asset_check(asset=rotation_cache, blocking=True)  # pyright: ignore[reportArgumentType]
async def refresh_errors_stay_rare(
    config: RareConfig, database: DatabaseResource
) -> dg.AssetCheckResult:
    """The rotation: of the identities refreshed in the last 24 hours, few ended in an error."""
    ceiling = settings.max_refresh_errors if config.ceiling is None else config.ceiling
    return await _is_rare(
        "refresh_errors_stay_rare", "lml_error", "ended in an error", ceiling, database
    )


async def _is_rare(
    check: str, counter: str, what_happened: str, ceiling: float, database: DatabaseResource
) -> dg.AssetCheckResult:
    async with database.open() as opened:
        recent = await RotationStore(opened).recent_refreshes()
    scanned, troubled = recent.identities_scanned, getattr(recent, counter)
    if not scanned:
        return dg.AssetCheckResult(
            passed=False,
            severity=dg.AssetCheckSeverity.WARN,
            description="No data: no identity was refreshed within the last 24 hours.",
            metadata={"runs": recent.runs, **what_to_do(check)},
        )
    share = troubled / scanned
    return dg.AssetCheckResult(
        passed=share <= ceiling,
        description=f"{troubled} of {scanned} identities {what_happened}: {percent(share)}, "
        f"at most {percent(ceiling)} may be.",
        metadata={
            "runs": recent.runs,
            "identities_scanned": scanned,
            counter: troubled,
            "share": share,
            "ceiling": ceiling,
            **what_to_do(check),
        },
    )


def _options(config: RefreshConfig, lml: LmlResource) -> RefreshOptions:
    return RefreshOptions(
        batch_size=affordable_batch(config.batch_size, lml.rate_per_minute),
        max_in_flight=config.max_in_flight,
        pause_seconds=config.pause_seconds,
        retry_policy=lml.retry_policy(),
        breaker_ceiling_seconds=lml.breaker_ceiling_seconds,
    )


def _require(gate: dg.AssetCheckResult) -> None:
    if not gate.passed:
        raise dg.Failure(f"A check before it failed. {gate.description}", allow_retries=False)


def _metadata(report: RotationReport) -> dict[str, dg.MetadataValue]:
    tally = report.tally
    why_failed = {str(each): str(report.failed[each]) for each in sorted(report.failed)}
    return {
        "dagster/row_count": dg.MetadataValue.int(tally.identities_scanned),
        **{name: dg.MetadataValue.int(number) for name, number in tally.figures().items()},
        "batches": dg.MetadataValue.int(report.batches),
        "lml_total_calls": dg.MetadataValue.int(report.calls),
        **metadata.latencies(report.latencies_ms),
        "drift": dg.MetadataValue.json(dict(report.drift)),
        "not_refreshed": dg.MetadataValue.json(dict([*why_failed.items()][:FAILURES_SHOWN])),
    }
