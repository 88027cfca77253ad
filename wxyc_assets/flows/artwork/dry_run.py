"""A dry run of the artwork pipeline: what it would look up, without asking LML."""

from collections.abc import Sequence
from dataclasses import dataclass

from wxyc_assets.adapters.postgres.artwork_store import ArtworkStore
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.artwork.range_lookups import RangeLookups


@dataclass(slots=True)
class ArtworkPlan:
    """Records that want a cover, by what a run would do about them."""

    records_due: int = 0
    would_look_up: int = 0
    """Lookups: the formats of one album share one."""
    would_write: int = 0
    """Covers that an earlier run found and did not write."""
    would_decide_again: int = 0
    """Stored answers that were decided on by other rules."""
    waiting_to_retry: int = 0


async def plan_lookups(store: ArtworkStore, ranges: Sequence[IdRange]) -> ArtworkPlan:
    """Return what a run over these ranges would do now."""
    plan = ArtworkPlan()
    for id_range in ranges:
        worklist = await store.wanted(id_range)
        plan.records_due += len(worklist.due)
        plan.would_look_up += len(RangeLookups(worklist).questions)
        plan.would_write += len(worklist.waiting) - worklist.covered_meanwhile
        plan.would_decide_again += len(worklist.to_decide)
        plan.waiting_to_retry += worklist.resting
    return plan
