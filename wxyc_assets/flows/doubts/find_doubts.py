"""The search for doubts: what SQL finds, and the titles that are compared one by one."""

from wxyc_assets.adapters.postgres.doubt_store import DoubtStore
from wxyc_assets.domain.doubts import Doubts

MOST_PLAYED = 10


async def find_doubts(store: DoubtStore, run_id: str) -> Doubts:
    """Find all doubts anew, store them, and return them; LML is not asked."""
    other_titles = [each async for each in store.titles() if each.is_far]
    await store.replace(run_id, other_titles)
    found = await store.newest(MOST_PLAYED)
    assert found is not None
    return found
