"""The pauses of a step while a DJ is on the air, shown in its log and its totals."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import dagster as dg

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.flowsheet_store import FlowsheetStore
from wxyc_assets.defs.instrumentation import Totals
from wxyc_assets.defs.lml_resource import LmlResource
from wxyc_assets.flows.live_activity import LiveActivity


@asynccontextmanager
async def giving_way(
    context: dg.AssetExecutionContext, opened: Database, lml: LmlResource, totals: Totals
) -> AsyncGenerator[LiveActivity]:
    """Yield what holds calls to LML back, and report its pauses, even if the block fails."""
    live = LiveActivity(FlowsheetStore(opened), lml.live_activity_limits())
    try:
        yield live
    finally:
        totals.add(live.figures())
        if live.pauses:
            times = "once" if live.pauses == 1 else f"{live.pauses} times"
            context.log.info(
                f"Paused {times}, {live.paused_seconds:.0f} s in all: a DJ was on the air."
            )
