"""LML's cache, refreshed for what is in rotation."""

import dagster as dg
from pydantic import Field

from wxyc_assets.adapters.postgres.rotation_store import RotationStore
from wxyc_assets.defs import freshness as promises
from wxyc_assets.defs import metadata as figures
from wxyc_assets.defs.failures import as_dagster_failure
from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.resources import DatabaseResource, LmlResource
from wxyc_assets.defs.rotation_gates import RotationGates
from wxyc_assets.defs.rotation_identities import rotation_identities
from wxyc_assets.domain.refreshes import MAX_BATCH
from wxyc_assets.flows.rotation.pipeline import RotationPipeline, RotationReport, refresh_on_record
from wxyc_assets.settings import settings

FAILURES_SHOWN = 10


class RefreshConfig(dg.Config):
    """How large the calls of a refresh are, and how many are under way."""

    batch_size: int = Field(
        default=settings.refresh_batch_size,
        ge=1,
        le=MAX_BATCH,
        description="Identities a call; LML takes 50 at most.",
    )
    max_in_flight: int = Field(
        default=settings.refresh_max_concurrent, ge=1, le=8, description="Calls at a time."
    )
    pause_seconds: float = Field(
        default=30, ge=0, description="Before those whose sources all failed are tried again."
    )


class RareConfig(dg.Config):
    """How much trouble is rare."""

    ceiling: float | None = Field(
        default=None, description="Share of the refreshed identities; none: from the environment."
    )


@dg.asset(
    deps=[rotation_identities],
    pool="lml",
    kinds={"postgres"},
    freshness_policy=promises.daily,
)
async def rotation_cache(
    context: dg.AssetExecutionContext,
    config: RefreshConfig,
    database: DatabaseResource,
    lml: LmlResource,
    rotation_gates: RotationGates,
) -> None:
    """A refresh of LML's cache for every identity in rotation, and its counters.

    Lives in `rotation_refresh`, one row a run. Both gates are looked at here as well, so that
    nothing is refreshed behind a shut one, whatever was selected.
    """
    with instrumented(context, "rotation_cache") as totals, as_dagster_failure():
        async with database.open() as opened, lml.open(opened) as client:
            rotation = RotationStore(opened)
            active = await rotation.active()
            _pass(rotation_gates.identified(active))
            _pass(await rotation_gates.served(client))
            refresher = RotationPipeline(
                client,
                lml.breaker(client),
                lml.patience(),
                batch_size=config.batch_size,
                max_in_flight=config.max_in_flight,
                pause_seconds=config.pause_seconds,
                warn=context.log.warning,
            )
            report = await refresh_on_record(
                refresher, rotation, active.identity_ids, run_id=context.run.run_id
            )
        totals.add(report.tally.figures())
        shown = _figures(report)
        if report.failure:
            raise dg.Failure(report.failure, metadata=shown)
    context.add_output_metadata(shown)


@dg.asset_check(asset=rotation_cache)  # pyright: ignore[reportArgumentType]
async def stale_handles_stay_rare(
    config: RareConfig, database: DatabaseResource
) -> dg.AssetCheckResult:
    """Of the identities refreshed in the last 24 hours, LML knew nearly all."""
    ceiling = settings.max_stale_handles if config.ceiling is None else config.ceiling
    return await _is_rare(
        "not_found", "are unknown to LML (our handle is stale)", ceiling, database
    )


@dg.asset_check(asset=rotation_cache)  # pyright: ignore[reportArgumentType]
async def refresh_errors_stay_rare(
    config: RareConfig, database: DatabaseResource
) -> dg.AssetCheckResult:
    """Of the identities refreshed in the last 24 hours, few ended in an error."""
    ceiling = settings.max_refresh_errors if config.ceiling is None else config.ceiling
    return await _is_rare("lml_error", "ended in an error", ceiling, database)


async def _is_rare(
    counter: str, what_happened: str, ceiling: float, database: DatabaseResource
) -> dg.AssetCheckResult:
    with as_dagster_failure():
        async with database.open() as opened:
            recent = await RotationStore(opened).recent_refreshes()
    scanned, troubled = recent.identities_scanned, getattr(recent, counter)
    if not scanned:
        return dg.AssetCheckResult(
            passed=False,
            severity=dg.AssetCheckSeverity.WARN,
            description="No data: no identity was refreshed within the last 24 hours.",
            metadata={"runs": recent.runs},
        )
    share = troubled / scanned
    return dg.AssetCheckResult(
        passed=share <= ceiling,
        description=f"{troubled} of {scanned} identities {what_happened}: {share:.2%}, "
        f"at most {ceiling:.2%} may be.",
        metadata={
            "runs": recent.runs,
            "identities_scanned": scanned,
            counter: troubled,
            "share": share,
            "ceiling": ceiling,
        },
    )


def _pass(gate: dg.AssetCheckResult) -> None:
    if not gate.passed:
        raise dg.Failure(f"A gate is shut. {gate.description}", allow_retries=False)


def _figures(report: RotationReport) -> dict[str, dg.MetadataValue]:
    tally = report.tally
    why_failed = {str(each): str(report.failed[each]) for each in sorted(report.failed)}
    return {
        "dagster/row_count": dg.MetadataValue.int(tally.identities_scanned),
        **{name: dg.MetadataValue.int(number) for name, number in tally.figures().items()},
        "batches": dg.MetadataValue.int(report.batches),
        "lml_total_calls": dg.MetadataValue.int(report.calls),
        **figures.latencies(report.latencies_ms),
        "drift": dg.MetadataValue.json(dict(report.drift)),
        "not_refreshed": dg.MetadataValue.json(dict([*why_failed.items()][:FAILURES_SHOWN])),
    }
