"""The candidates of many ranges, a few ranges at a time, and a look at LML before them."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from wxyc_assets.adapters.lml.client import LmlClient
from wxyc_assets.adapters.lml.errors import LmlError, LmlRefused, LmlUnavailable, LmlUnreachable
from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.domain.candidates import Cohort, Reason, Scope
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.identity.pipeline import OPEN_RANGES
from wxyc_assets.flows.worker_pool import WorkerPool


async def find_refusal(lml: LmlClient) -> LmlError | None:
    """Return the error if LML cannot be reached or refuses us; None if it is merely ill."""
    try:
        await lml.probe_resolve()
    except (LmlUnreachable, LmlRefused) as error:
        return error
    except LmlUnavailable:
        return None
    return None


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
    pool = WorkerPool(workers=OPEN_RANGES, queue_size=1)

    async def put(id_range: IdRange) -> None:
        on_range_done(id_range, await store.put_candidates(id_range, scope, run_id))

    async with pool.running():
        for id_range in ranges:
            await pool.submit(partial(put, id_range))
