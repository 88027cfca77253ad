"""The search for doubts: what SQL finds, and the titles that are compared one by one."""

from wxyc_assets.adapters.postgres.doubt_store import DoubtStore
from wxyc_assets.domain.doubts import CoverTitle, DoubtReason, Doubts

MOST_PLAYED = 10


async def find_doubts(store: DoubtStore, run_id: str) -> Doubts:
    """Find all doubts anew, store them, and return them; LML is not asked."""
    await store.replace(run_id, await _other_titles(store))
    found = await store.newest(MOST_PLAYED)
    assert found is not None
    return found


async def preview_doubts(store: DoubtStore, run_id: str) -> dict[DoubtReason, int]:
    """Return how many doubts of each reason a run would find; nothing is stored."""
    return await store.preview(run_id, await _other_titles(store))


async def _other_titles(store: DoubtStore) -> list[CoverTitle]:
    return [each async for each in store.titles() if each.is_far]
