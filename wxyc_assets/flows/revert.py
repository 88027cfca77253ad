"""Undoing what a run changed: a look at what can be, and the revert itself, which is a run too."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wxyc_assets.adapters.postgres.errors import RowRefused
from wxyc_assets.adapters.postgres.journal_store import TABLES, JournalStore, Revert
from wxyc_assets.domain.batches import batched, bisect
from wxyc_assets.domain.journal import (
    ChangeState,
    JournalEntry,
    LeftAlone,
    RevertResult,
    is_reverted_already,
    why_left_alone,
)
from wxyc_assets.domain.ranges import IdRange

BATCH_RECORDS = 250
"""At most 5,000 rows per transaction, as a compilation has up to twenty credits."""


class NothingToRevert(LookupError):
    """The journal holds no change of this run."""


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Changes of some records of one range, or of none."""

    id_range: IdRange | None
    changes: dict[int, list[JournalEntry]]

    def of(self, library_ids: Sequence[int]) -> list[JournalEntry]:
        """Return the changes of some of the records."""
        return [change for each in library_ids for change in self.changes[each]]


async def plan_revert(store: JournalStore, reverted_run_id: str) -> RevertResult:
    """Return what a revert of the run would do now; raises NothingToRevert.

    Of several changes of one part of a record, it looks at the newest.
    """
    result = RevertResult("", reverted_run_id, is_applied=False)
    newest = {
        (each.library_id, each.subject): each
        for each in reversed(await _changes(store, reverted_run_id))
    }
    for batch in batched(list(newest.values()), BATCH_RECORDS):
        _tell(result, await store.states([each.entry for each in batch]))
    return result


async def revert_run(
    store: JournalStore,
    reverted_run_id: str,
    ranges: Sequence[IdRange],
    *,
    run_id: str,
    reverted_by: str,
) -> RevertResult:
    """Undo what stands of a run's changes, batch by batch; raises NothingToRevert."""
    result = RevertResult(run_id, reverted_run_id, is_applied=True)
    changes = await _changes(store, reverted_run_id)
    revert = await store.begin(run_id, reverted_run_id, reverted_by)
    for batch in _batches(changes, ranges):
        await _revert(store, revert, batch, result)
    await store.database.flush(f"revert of {reverted_run_id}")
    await store.database.analyze(*TABLES)
    return result


async def _changes(store: JournalStore, run_id: str) -> list[JournalEntry]:
    changes = await store.changes(run_id)
    if not changes:
        raise NothingToRevert(
            f"The journal holds no change of run {run_id}: it changed nothing, or so long ago that "
            "its entries were swept (JOURNAL_DAYS). Without a run, the command lists the runs."
        )
    return changes


def _batches(changes: Sequence[JournalEntry], ranges: Sequence[IdRange]) -> Iterator[RecordBatch]:
    by_record: dict[int, list[JournalEntry]] = {}
    for each in changes:
        by_record.setdefault(each.library_id, []).append(each)
    by_range: dict[IdRange | None, list[int]] = {}
    for library_id in by_record:
        id_range = next((each for each in ranges if library_id in each), None)
        by_range.setdefault(id_range, []).append(library_id)
    for id_range, library_ids in by_range.items():
        for batch in batched(library_ids, BATCH_RECORDS):
            yield RecordBatch(id_range, {each: by_record[each] for each in batch})


async def _revert(
    store: JournalStore, revert: Revert, batch: RecordBatch, result: RevertResult
) -> None:
    """Revert a batch; a record that the database refuses is left alone with its reason."""

    async def attempt(library_ids: Sequence[int]) -> RowRefused | None:
        try:
            states = await store.revert(batch.of(library_ids), revert, batch.id_range)
        except RowRefused as refused:
            return refused
        _tell(result, states)
        return None

    error = await attempt([*batch.changes])
    if error:
        for library_id, refused in (await bisect([*batch.changes], attempt, error)).items():
            result.left_alone += [
                LeftAlone(library_id, each.subject, f"the database refused: {refused}")
                for each in batch.changes[library_id]
            ]


def _tell(result: RevertResult, states: Sequence[ChangeState]) -> None:
    """Add what stood of some changes to the result; of the others, say why they are left alone."""
    parts = {(each.change.library_id, each.change.subject) for each in states if each.standing}
    result.reverted.update(subject for _, subject in parts)
    for each in states:
        if each.standing == each.changes:
            continue
        if is_reverted_already(each):
            result.already_reverted += 1
        else:
            left_alone = LeftAlone(
                each.change.library_id, each.change.subject, why_left_alone(each)
            )
            result.left_alone.append(left_alone)
