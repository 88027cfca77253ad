"""The journal of what runs changed: reading it, and undoing what it says."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from psycopg.rows import DictRow

from wxyc_assets.adapters.postgres.clock import Clock, database_now
from wxyc_assets.adapters.postgres.database import Database, Transaction, retry_on_deadlock
from wxyc_assets.adapters.postgres.range_locks import (
    LockFamily,
    lock_in_transaction,
    share_verdicts,
)
from wxyc_assets.adapters.postgres.verdict_store import uphold_verdicts
from wxyc_assets.domain.journal import ChangeState, JournaledRun, JournalEntry, JournalSubject
from wxyc_assets.domain.ranges import IdRange

TABLES = (
    "library",
    "library_identity",
    "library_identity_source",
    "library_identity_history",
    "compilation_track_artist",
)
"""The Backend's tables that a revert writes."""

REVERT_STATEMENTS: Final = {
    JournalSubject.IDENTITY: "journal/revert_identities",
    JournalSubject.CREDITS: "journal/revert_credits",
    JournalSubject.ATTEMPT: "journal/revert_attempts",
    JournalSubject.COVER: "journal/revert_covers",
}
HOLD_BACK: Final = ("journal/hold_answers_back", "journal/hold_covers_back")
RELEASE: Final = ("journal/release_answers", "journal/release_covers")


@dataclass(frozen=True, slots=True)
class Revert:
    """The revert of one run, itself a run."""

    run_id: str
    reverted_run_id: str
    holds_back: bool
    """False if it puts decisions in force again, as the revert of a revert does."""


class JournalStore:
    """Reads the journal, and undoes changes; `now` comes from `clock`, else from the database."""

    def __init__(self, database: Database, clock: Clock = database_now) -> None:
        self.database = database
        self._now = clock

    async def runs(self, most: int) -> list[JournaledRun]:
        """Return the newest runs in the journal, the newest first."""
        rows = await self.database.fetch("journal/select_runs", {"limit": most})
        return [
            JournaledRun(
                run_id=row["run_id"],
                changed_at=row["changed_at"],
                records={each: row[each] for each in JournalSubject if row[each]},
                reverted_run_id=row["reverted_run_id"],
            )
            for row in rows
        ]

    async def changes(self, run_id: str) -> list[JournalEntry]:
        """Return the changes of a run, by record, the newest of each first."""
        rows = await self.database.fetch("journal/select_changes", {"run_id": run_id})
        return [
            JournalEntry(row["entry"], row["library_id"], JournalSubject(row["subject"]))
            for row in rows
        ]

    async def states(self, entries: Sequence[int]) -> list[ChangeState]:
        """Return what the tables hold of these changes now."""
        async with self.database.transaction() as transaction:
            return await _states(transaction, entries)

    async def begin(self, run_id: str, reverted_run_id: str, reverted_by: str) -> Revert:
        """Record a revert before it changes anything."""
        (row,) = await self.database.fetch(
            "journal/put_revert",
            {
                "run_id": run_id,
                "reverted_run_id": reverted_run_id,
                "reverted_by": reverted_by,
                "now": self._now(),
            },
        )
        return Revert(run_id, reverted_run_id, row["holds_back"])

    @retry_on_deadlock
    async def revert(
        self, changes: Sequence[JournalEntry], revert: Revert, id_range: IdRange | None
    ) -> list[ChangeState]:
        """Undo what stands of these changes, in one transaction; return what stood of each.

        What a person rejected does not come back with it, and what a person chose stays. Waits
        while a run works on the range. Raises RowRefused; then nothing is undone.
        """
        async with self.database.transaction() as transaction:
            if id_range:
                for family in LockFamily:
                    await lock_in_transaction(transaction, family, id_range)
            await share_verdicts(transaction)
            library_ids = sorted({each.library_id for each in changes})
            await transaction.fetch("journal/lock_records", {"library_ids": library_ids})
            states: list[ChangeState] = []
            for wave in _waves(changes):
                found = await _states(transaction, [each.entry for each in wave])
                await self._undo(transaction, [each for each in found if each.standing], revert)
                states += found
            await uphold_verdicts(transaction, library_ids)
        return states

    async def _undo(
        self, transaction: Transaction, states: Sequence[ChangeState], revert: Revert
    ) -> None:
        parameters = {
            "run_id": revert.run_id,
            "reverted_run_id": revert.reverted_run_id,
            "now": self._now(),
        }
        for subject, statement in REVERT_STATEMENTS.items():
            entries = [each.change.entry for each in states if each.change.subject is subject]
            if entries:
                await transaction.execute(statement, {**parameters, "entries": entries})
        marks = HOLD_BACK if revert.holds_back else RELEASE
        every = {**parameters, "entries": [each.change.entry for each in states]}
        for statement in marks if states else ():
            await transaction.execute(statement, every)


async def _states(transaction: Transaction, entries: Sequence[int]) -> list[ChangeState]:
    rows = await _fetch_states(transaction, entries)
    changed = [each for each in rows if each["standing"] < each["changes"]]
    later = [each["later_entry"] for each in changed if each["later_entry"] is not None]
    found = await _fetch_states(transaction, later)
    standing = {each["entry"] for each in found if each["standing"] == each["changes"]}
    return [
        ChangeState(
            JournalEntry(row["entry"], row["library_id"], JournalSubject(row["subject"])),
            is_gone=row["is_gone"],
            changes=row["changes"],
            standing=row["standing"],
            later_run_id=row["later_run_id"],
            later_is_its_revert=row["later_is_its_revert"],
            later_stands=row["later_entry"] in standing,
        )
        for row in rows
    ]


async def _fetch_states(transaction: Transaction, entries: Sequence[int]) -> list[DictRow]:
    if not entries:
        return []
    return await transaction.fetch("journal/select_states", {"entries": list(entries)})


def _waves(changes: Sequence[JournalEntry]) -> list[list[JournalEntry]]:
    """Return the changes so that each part of a record occurs once per wave, the newest first."""
    waves: defaultdict[int, list[JournalEntry]] = defaultdict(list)
    seen: Counter[tuple[int, JournalSubject]] = Counter()
    for change in sorted(changes, key=lambda each: each.entry, reverse=True):
        part = (change.library_id, change.subject)
        waves[seen[part]].append(change)
        seen[part] += 1
    return [wave for _, wave in sorted(waves.items())]
