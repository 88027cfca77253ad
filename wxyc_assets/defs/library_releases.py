"""The Discogs releases of the library's records, and the writer that gives them to identities."""

from functools import partial
from typing import Any

import dagster as dg
from pydantic import Field

from wxyc_assets.adapters.postgres.kept_answer_store import KeptAnswerStore
from wxyc_assets.adapters.postgres.release_store import ReleaseStore
from wxyc_assets.defs import metadata
from wxyc_assets.defs.dagster_internals import output_without_materialization
from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.library_artwork import library_artwork
from wxyc_assets.defs.partitions import range_asset, report_range, selected_ranges
from wxyc_assets.defs.resources import DatabaseResource
from wxyc_assets.defs.run_checks import LIMITS, check_result, range_of_run
from wxyc_assets.domain.artwork import CoverScope, Eligibility, Rules
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.domain.run_checks import judge_written
from wxyc_assets.flows.releases.pipeline import ReleasesReport, derive_releases, fill_identities
from wxyc_assets.flows.worker_pool import WorkerPool
from wxyc_assets.settings import Share, settings

RANGES_AT_ONCE = 2
"""One is read and written in PostgreSQL while the answers of another are looked through."""


class ReleasesConfig(dg.Config):
    """The rules for a release, and whether identities get it."""

    min_confidence: Share = Field(
        default=settings.artwork_min_confidence, description="The floor for a release."
    )
    write_release_ids: bool = Field(
        default=settings.write_release_ids,
        description="Write the release to library_identity.discogs_release_id, where it is null.",
    )

    def scope(self) -> CoverScope:
        """Return the scope as the domain takes it: every record that has an answer."""
        return CoverScope(Eligibility.ALL, Rules(min_confidence=self.min_confidence))


@range_asset(
    deps=[library_artwork],
    dagster_type=dg.Nothing,
)
async def library_releases(
    context: dg.AssetExecutionContext, config: ReleasesConfig, database: DatabaseResource
):  # Dagster would read an annotation here as the output's type
    """The Discogs release of a record, derived from LML's kept answer; in `library_release`.

    With WRITE_RELEASE_IDS, identities without a release get it. LML is not asked.
    """
    run_id = context.run.run_id
    with instrumented(context, "library_releases") as totals:
        ranges = selected_ranges(context)
        async with database.open() as opened:
            answers, store = KeptAnswerStore(opened, config.scope()), ReleaseStore(opened)

            async def derive(id_range: IdRange) -> None:
                report = await derive_releases(answers, store, id_range, run_id)
                if config.write_release_ids:
                    await fill_identities(store, report, run_id)
                totals.add({f"releases.{name}": n for name, n in report.figures().items()})
                report_range(context, context.asset_key, id_range.key, _metadata(report))

            pool = WorkerPool(workers=RANGES_AT_ONCE, queue_size=len(ranges))
            async with pool.running():
                for id_range in ranges:
                    await pool.submit(partial(derive, id_range))
            if totals.get("releases.written") or totals.get("releases.removed"):
                unanalyzed = await opened.analyze("library_release")
                metadata.warn_of_stale_statistics(context, unanalyzed)
    yield output_without_materialization("result")


@dg.asset_check(asset=library_releases, blocking=True)  # pyright: ignore[reportArgumentType]
async def release_ids_are_written(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource
) -> dg.AssetCheckResult:
    """This run: with WRITE_RELEASE_IDS, identities have the releases found for its ranges."""
    id_range, run_id = range_of_run(context), context.op_execution_context.run_id
    if not _config_of_run(context).write_release_ids:
        return dg.AssetCheckResult(passed=True, description="Releases are not written (a setting).")
    async with database.open() as opened:
        count = await ReleaseStore(opened).count_written(id_range, run_id)
    return check_result(context, judge_written(count, LIMITS, what="releases"), id_range)


def _config_of_run(context: dg.AssetCheckExecutionContext) -> ReleasesConfig:
    """Return the config that the asset has in this run."""
    ops: Any = context.op_execution_context.run_config.get("ops", {})
    return ReleasesConfig(**ops.get(library_releases.op.name, {}).get("config", {}))


def _metadata(report: ReleasesReport) -> dict[str, dg.MetadataValue]:
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(report.put.releases),
        **metadata.run_counters(report.figures()),
        **metadata.offenders("not_written", report.write_errors),
    }
