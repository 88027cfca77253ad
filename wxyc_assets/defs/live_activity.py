"""The tools of a step over ranges, and its pauses while a DJ is on the air."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import dagster as dg

from wxyc_assets.adapters.lml.caller import CallerReason
from wxyc_assets.adapters.lml.retry import GiveWay
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.flowsheet_store import FlowsheetStore
from wxyc_assets.defs.instrumentation import Totals
from wxyc_assets.defs.lml_resource import LmlResource
from wxyc_assets.defs.resources import DatabaseResource
from wxyc_assets.flows.live_activity import LiveActivity


@asynccontextmanager
async def connected(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    lml: LmlResource,
    caller: CallerReason | None,
    totals: Totals,
) -> AsyncGenerator[tuple[Database, Any, GiveWay]]:
    """Open the database and, for a caller, LML; yield both, and what holds calls to LML back.

    Errors in the block are raised as dg.Failure.
    """
    async with (
        database.open() as opened,
        lml.open(opened, caller) if caller else nullcontext() as client,
        giving_way(context, opened, lml, totals) as live,
    ):
        yield opened, client, live.give_way


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
