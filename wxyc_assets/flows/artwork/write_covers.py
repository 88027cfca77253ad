"""Writing the stored covers of a range; a record that the database refuses fails alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from wxyc_assets.adapters.postgres.artwork_store import ArtworkStore
from wxyc_assets.adapters.postgres.errors import RowRefused
from wxyc_assets.adapters.postgres.verdict_store import VerdictStore
from wxyc_assets.domain.batches import batched, bisect
from wxyc_assets.domain.ranges import IdRange

BATCH_ROWS = 5_000


@dataclass(slots=True)
class CoverWriteResult:
    """The stored covers of a range by outcome, as library ids."""

    written: set[int] = field(default_factory=set[int])
    raced: set[int] = field(default_factory=set[int])
    rejected: set[int] = field(default_factory=set[int])
    """By a person, for this record."""
    unwritable: dict[int, str] = field(default_factory=dict[int, str])

    @property
    def library_ids(self) -> set[int]:
        return self.written | self.raced | self.rejected | self.unwritable.keys()


async def write_covers(store: ArtworkStore, id_range: IdRange, run_id: str) -> CoverWriteResult:
    """Write every stored cover that waits in the range, batch by batch; raises DatabaseError."""
    result = CoverWriteResult()
    waiting = sorted((await store.wanted(id_range)).waiting)
    for batch in batched(waiting, BATCH_ROWS):
        await _write(store, batch, run_id, result)
    await VerdictStore(store.database).uphold(id_range)
    return result


async def _write(
    store: ArtworkStore, batch: Sequence[int], run_id: str, result: CoverWriteResult
) -> None:
    try:
        covers = await store.write(batch, run_id)
    except RowRefused as error:
        unwritable = await _find_unwritable(store, batch, run_id, error)
        if not unwritable:
            raise
        for library_id, reason in unwritable.items():
            await store.mark_unwritable(library_id, reason)
        result.unwritable |= unwritable
        rest = [each for each in batch if each not in unwritable]
        if rest:
            await _write(store, rest, run_id, result)
    else:
        result.written |= covers.written
        result.rejected |= covers.rejected
        result.raced |= set(batch) - covers.written - covers.rejected


async def _find_unwritable(
    store: ArtworkStore, batch: Sequence[int], run_id: str, error: RowRefused
) -> dict[int, str]:
    """Return the rows that cannot be written, each with the reason.

    The search only rehearses, so that the watermark still moves once for the batch.
    """

    async def rehearse(part: Sequence[int]) -> RowRefused | None:
        try:
            await store.rehearse(part, run_id)
        except RowRefused as refused:
            return refused
        return None

    return {row: str(reason) for row, reason in (await bisect(batch, rehearse, error)).items()}
