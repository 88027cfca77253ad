"""The job that deletes old rows from our own tables."""

import dagster as dg

from wxyc_assets.adapters.postgres.retention_store import RetentionStore
from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.resources import DatabaseResource
from wxyc_assets.domain.retention import RetentionWindows
from wxyc_assets.settings import settings


def windows() -> RetentionWindows:
    """Return the windows of the environment; a snapshot that is a baseline stays in any case."""
    return RetentionWindows(
        deleted_record_days=settings.deleted_record_days,
        alert_days=settings.delivered_alert_days,
        candidate_days=settings.candidate_days,
        journal_days=settings.journal_days,
        snapshot_days=max(settings.snapshot_days, settings.baseline_days),
    )


@dg.op
async def sweep(context: dg.OpExecutionContext, database: DatabaseResource) -> None:
    """Sweep what has outlived its window; with DRY_RUN set, only count it."""
    with instrumented(context, "sweep") as totals:
        async with database.open() as opened:
            store = RetentionStore(opened)
            swept = await (store.rehearse if settings.dry_run else store.sweep)(windows())
        totals.add({f"retention.{name}": rows for name, rows in swept.items()})
        context.add_output_metadata(
            {name: dg.MetadataValue.int(rows) for name, rows in swept.items()}
        )


@dg.job(
    description="Sweeps old rows from our own tables: what is kept about deleted records, "
    "delivered alerts, old candidates, the journal; thins the coverage snapshots. With DRY_RUN set "
    "it only counts them.",
)
def sweep_old_rows() -> None:
    sweep()
