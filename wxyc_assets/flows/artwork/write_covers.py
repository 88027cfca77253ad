"""Writing the stored covers of a range; a row that the database refuses ends alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from wxyc_assets.adapters.postgres.artwork_store import ArtworkStore
from wxyc_assets.adapters.postgres.database import RowRefused
from wxyc_assets.domain.batches import batched, halves
from wxyc_assets.domain.ranges import IdRange

BATCH_ROWS = 5_000


@dataclass(slots=True)
class CoverWriteResult:
    """What became of the stored covers of a range, by library id."""

    written: set[int] = field(default_factory=set[int])
    raced: set[int] = field(default_factory=set[int])
    unwritable: dict[int, str] = field(default_factory=dict[int, str])

    @property
    def library_ids(self) -> set[int]:
        return self.written | self.raced | self.unwritable.keys()


async def write_covers(artwork: ArtworkStore, id_range: IdRange) -> CoverWriteResult:
    """Writes every stored cover that waits in the range, batch by batch; raises DatabaseError."""
    done = CoverWriteResult()
    waiting = sorted((await artwork.wanted(id_range)).waiting)
    for batch in batched(waiting, BATCH_ROWS):
        await _write(artwork, batch, done)
    return done


async def _write(artwork: ArtworkStore, batch: Sequence[int], done: CoverWriteResult) -> None:
    try:
        written = await artwork.write(batch)
    except RowRefused as error:
        # A rehearsal finds the culprits, so that the watermark still moves once for the batch.
        culprits = await _culprits(artwork, batch, error)
        if not culprits:
            raise
        for library_id, reason in culprits.items():
            await artwork.mark_unwritable(library_id, reason)
        done.unwritable |= culprits
        rest = [each for each in batch if each not in culprits]
        if rest:
            await _write(artwork, rest, done)
    else:
        done.written |= written
        done.raced |= set(batch) - written


async def _culprits(
    artwork: ArtworkStore, batch: Sequence[int], error: RowRefused
) -> dict[int, str]:
    """The rows that cannot be written, and why; `error` is what the whole batch came to."""
    if len(batch) == 1:
        return {batch[0]: str(error)}
    culprits: dict[int, str] = {}
    for half in halves(batch):
        try:
            await artwork.rehearse(half)
        except RowRefused as trouble:
            culprits |= await _culprits(artwork, half, trouble)
    return culprits
