"""The candidates of many ranges, a few ranges at a time."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.domain.candidates import Cohort, Reason, Scope
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.identity.pipeline import OPEN_RANGES


async def put_candidates(
    store: IdentityStore,
    ranges: Sequence[IdRange],
    scope: Scope,
    run_id: str,
    on_range_done: Callable[[IdRange, Counter[tuple[Cohort, Reason]]], None],
) -> None:
    """Store the rows of each range that are due now, and pass on their counts, range by range.

    A range that another run works on is waited for.
    """
    open_ranges = asyncio.Semaphore(OPEN_RANGES)

    async def put(id_range: IdRange) -> None:
        async with open_ranges:
            due = await store.put_candidates(id_range, scope, run_id)
        on_range_done(id_range, due)

    async with asyncio.TaskGroup() as group:
        for id_range in ranges:
            group.create_task(put(id_range))
