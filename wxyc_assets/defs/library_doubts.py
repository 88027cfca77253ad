"""Reasons to doubt what is stored about records, and the check on their number."""

import dagster as dg

from wxyc_assets.adapters.postgres.doubt_store import DoubtStore
from wxyc_assets.defs.catalog import what_to_do
from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.library_artwork import library_artwork
from wxyc_assets.defs.library_identity import LIBRARY_IDENTITY
from wxyc_assets.defs.resources import DatabaseResource
from wxyc_assets.domain.doubts import Doubts
from wxyc_assets.flows.doubts.find_doubts import MOST_PLAYED, find_doubts
from wxyc_assets.settings import settings
from wxyc_assets.views import doubt_tables as tables


@dg.asset(deps=[LIBRARY_IDENTITY, library_artwork], kinds={"postgres"})
async def library_doubts(context: dg.AssetExecutionContext, database: DatabaseResource) -> None:
    """A reason to doubt the identity or the cover of a record, with the evidence and its plays.

    Found by comparing what is stored, so LML is not asked. A doubt is no verdict: it says where a
    person should look first.
    """
    with instrumented(context, "library_doubts") as totals:
        async with database.open() as opened:
            found = await find_doubts(DoubtStore(opened), context.run.run_id)
        totals.add(_numbers(found))
        context.add_output_metadata(_metadata(found))


@dg.asset_check(asset=library_doubts)  # pyright: ignore[reportArgumentType]
async def doubts_do_not_jump(database: DatabaseResource) -> dg.AssetCheckResult:
    """The share of doubtful identities and covers has not jumped since the run before."""
    async with database.open() as opened:
        found = await DoubtStore(opened).newest(most_played=0)
    if found is None:
        return _warning("Nobody has looked for doubts yet. Materialize library_doubts first.")
    growth = settings.max_doubt_growth
    if jumps := found.jumps(growth):
        return _warning(f"More than {growth:.0%} more doubts: {'; '.join(jumps)}.", found)
    compared = "Compared with the run before." if found.before else "There is no run before."
    return dg.AssetCheckResult(
        passed=True,
        description=f"{found.doubtful_records:,} records are doubtful. {compared}",
        metadata=_numbers(found),
    )


def _warning(description: str, found: Doubts | None = None) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description=description,
        metadata={**(_numbers(found) if found else {}), **what_to_do("doubts_do_not_jump")},
    )


def _numbers(found: Doubts) -> dict[str, float]:
    by_reason = {f"doubts.{each.reason}": each.records for each in found.counts.values()}
    return {"doubtful_records": found.doubtful_records, **by_reason}


def _metadata(found: Doubts) -> dict[str, dg.MetadataValue]:
    plays = "known" if found.plays_are_known else "unknown: album_plays is missing or not granted"
    doubts = sum(each.records for each in found.counts.values())
    return {
        "dagster/row_count": dg.MetadataValue.int(doubts),
        **{name: dg.MetadataValue.int(int(rows)) for name, rows in _numbers(found).items()},
        "plays": dg.MetadataValue.text(plays),
        "by_reason": dg.MetadataValue.md(tables.by_reason(found).markdown()),
        f"most_played_{MOST_PLAYED}": dg.MetadataValue.md(tables.most_played(found).markdown()),
    }
