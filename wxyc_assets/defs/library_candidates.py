"""The library records that LML is due to be asked about."""

from collections import Counter

import dagster as dg

from wxyc_assets.adapters.lml.caller import CallerReason
from wxyc_assets.adapters.lml.errors import why_stopped
from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.defs.dagster_internals import output_without_materialization
from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.lml_resource import LmlResource
from wxyc_assets.defs.partitions import range_asset, report_range, selected_ranges
from wxyc_assets.defs.resources import DatabaseResource, ScopeResource
from wxyc_assets.domain.candidates import Cohort, Reason
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.heartbeat import telling, watched
from wxyc_assets.flows.identity.candidates import find_refusal, put_candidates
from wxyc_assets.telemetry import logs

ASKING_STEP = "library_identities"

library = dg.AssetSpec(
    "library", description="The station's library, about 64,700 records; the Backend's own table."
)


@range_asset(
    deps=[library],
    dagster_type=dg.Nothing,
)
async def library_candidates(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    lml: LmlResource,
    scope: ScopeResource,
):  # Dagster would read an annotation here as the output's type
    """A library record that is due, with its cohort (`va`, `non_va`) and the reason.

    Reasons: `never_resolved`, `stale`, `retry_due`, `recheck`. Lives in `library_candidate`. If the
    run asks LML afterwards, it first looks whether LML is there and accepts the key.
    """

    def report(id_range: IdRange, due: Counter[tuple[Cohort, Reason]]) -> None:
        counts = _counts(due)
        totals.add(counts)
        logs.logger().info("range done", step="range", id_range=id_range.key, **counts)
        report_range(context, context.asset_key, id_range.key, _metadata(counts))
        progress.advance()

    with instrumented(context, "library_candidates") as totals:
        ranges = selected_ranges(context)
        async with (
            database.open() as opened,
            watched(telling(context.log.info), "ranges", len(ranges)) as progress,
        ):
            if ASKING_STEP in context.job_def.graph.node_dict:
                async with lml.open(opened, CallerReason.IDENTITIES) as client:
                    if refusal := await find_refusal(client):
                        raise dg.Failure(f"{why_stopped(refusal)}\nNothing was written.")
            store = IdentityStore(opened)
            await put_candidates(store, ranges, scope.scope(), context.run.run_id, report)
    yield output_without_materialization("result")


def _counts(due: Counter[tuple[Cohort, Reason]]) -> dict[str, int]:
    counts = Counter({"due": due.total()})
    for (cohort, reason), rows in due.items():
        counts[f"due.{cohort}"] += rows
        counts[f"due.{reason}"] += rows
    return counts


def _metadata(counts: dict[str, int]) -> dict[str, dg.MetadataValue]:
    by_name = {name: dg.MetadataValue.int(rows) for name, rows in sorted(counts.items())}
    return {"dagster/partition_row_count": by_name.pop("due"), **by_name}
