"""A person's verdicts: taken in all or none, acted on at once, and upheld by every run."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from psycopg.types.json import Jsonb

from wxyc_assets.adapters.lml.wire import dump
from wxyc_assets.adapters.postgres.database import Database, Transaction, retry_on_deadlock
from wxyc_assets.adapters.postgres.identity_store import NOTES_MARK
from wxyc_assets.adapters.postgres.range_locks import hold_verdicts, share_verdicts
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.domain.verdict_file import NumberedVerdict, VerdictFileInvalid
from wxyc_assets.domain.verdicts import Conflict, Decision, Intake, RecordVerdict, Topic

PERSON_MARK: Final = "consumer:verdict"
"""The note on rows that a person's verdict wrote."""
RUN_ID: Final = "verdicts"
"""The run, in the journal, of stored answers that are applied again because of a verdict."""


class VerdictStore:
    """Verdicts in `verdict`, and what they mean in the Backend's tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retry_on_deadlock
    async def take_in(self, verdicts: Sequence[NumberedVerdict]) -> Intake:
        """Store these verdicts and act on them, in one transaction.

        Raises VerdictFileInvalid when a line does not fit the library; then nothing is stored.
        """
        async with self._database.transaction() as transaction:
            await hold_verdicts(transaction)
            await _check_samples(transaction, verdicts)
            placed = await _placed(transaction, verdicts)
            new = await transaction.fetch(
                "verdicts/put_verdicts", {"verdicts": Jsonb(placed, dumps=dump)}
            )
            judged = sorted({row["current_id"] for row in placed if row["current_id"]})
            changes = await uphold_verdicts(transaction, judged, are_new=True)
            conflicts = await _conflicts(transaction)
        mine = {each["current_id"] for each in placed}
        return Intake(
            new=len(new),
            known=len(placed) - len(new),
            changes=changes,
            conflicts=tuple(each for each in conflicts if each.library_id in mine),
        )

    @retry_on_deadlock
    async def uphold(self, id_range: IdRange) -> Counter[str]:
        """Act on the verdicts about a range's records, also on those that were restored since."""
        async with self._database.transaction() as transaction:
            await share_verdicts(transaction)
            rows = await transaction.fetch(
                "verdicts/select_judged_records",
                {"first": id_range.first, "last": id_range.last},
            )
            return await uphold_verdicts(transaction, [row["library_id"] for row in rows])

    async def verdicts(self) -> list[RecordVerdict]:
        """Return every verdict, in the order in which they were decided."""
        rows = await self._database.fetch("verdicts/select_verdicts")
        return [RecordVerdict(**_decoded(row)) for row in rows]

    async def conflicts(self) -> list[Conflict]:
        """Return the decisions that another person's later one overruled, by library id."""
        async with self._database.transaction() as transaction:
            return await _conflicts(transaction)


async def _check_samples(transaction: Transaction, verdicts: Iterable[NumberedVerdict]) -> None:
    named = {each.verdict.sample_id: each.line for each in verdicts if each.verdict.sample_id}
    rows = await transaction.fetch("verdicts/select_samples", {"sample_ids": [*named]})
    known = {row["sample_id"] for row in rows}
    complaints = [
        f"line {line}: there is no sample {sample_id!r}; leave sample_id as the page wrote it"
        for sample_id, line in named.items()
        if sample_id not in known
    ]
    if complaints:
        raise VerdictFileInvalid(complaints)


async def _placed(
    transaction: Transaction, verdicts: Sequence[NumberedVerdict]
) -> list[dict[str, Any]]:
    """Return the verdicts as rows, each with its record's ids of today."""
    records = [
        {
            "place": place,
            "library_id": each.verdict.library_id,
            "legacy_release_id": each.verdict.legacy_release_id,
        }
        for place, each in enumerate(verdicts)
    ]
    found = await transaction.fetch(
        "verdicts/select_records", {"records": Jsonb(records, dumps=dump)}
    )
    pairs = list(zip(verdicts, found, strict=True))
    if complaints := [
        f"line {each.line}: {why}" for each, row in pairs if (why := _misplaced(each.verdict, row))
    ]:
        raise VerdictFileInvalid(complaints)
    return [
        {
            **asdict(each.verdict),
            "decided_at": each.verdict.decided_at.isoformat(),
            "place": row["place"],
            "legacy_release_id": row["legacy_release_id"],
            "current_id": row["library_id"],
        }
        for each, row in pairs
    ]


def _misplaced(verdict: RecordVerdict, found: dict[str, Any]) -> str | None:
    """Return why this verdict cannot be about a record of this library."""
    if found["library_id"] is None and found["deleted_id"] is None:
        return f"the library has no record {verdict.library_id}"
    if found["library_id"] not in (None, verdict.library_id) and found["deleted_id"] is None:
        return (
            f"record {verdict.library_id} does not have the legacy release id "
            f"{verdict.legacy_release_id}, which belongs to record {found['library_id']}"
        )
    return None


async def uphold_verdicts(
    transaction: Transaction, library_ids: list[int], *, are_new: bool = False
) -> Counter[str]:
    """Bring the tables in line with what people chose and rejected; return what was done.

    Where they are new, stored answers count again that a verdict before them had rejected.
    """
    if not library_ids:
        return Counter()
    identities = await _uphold_identities(transaction, library_ids, are_new=are_new)
    return identities + await _uphold_covers(transaction, library_ids)


async def _uphold_identities(
    transaction: Transaction, library_ids: list[int], *, are_new: bool
) -> Counter[str]:
    changes: Counter[str] = Counter()
    rows = await transaction.fetch(
        "verdicts/put_judged_identities",
        {"library_ids": library_ids, "mark": NOTES_MARK, "person_mark": PERSON_MARK},
    )
    for row in rows:
        changes[f"identities_{row['action']}"] += 1
        changes["ids_removed"] += row["ids_removed"]
        changes["ids_written"] += row["ids_written"]
    changed = [row["library_id"] for row in rows]
    await _identify_again(transaction, library_ids if are_new else changed, changed)
    return changes


async def _uphold_covers(transaction: Transaction, library_ids: list[int]) -> Counter[str]:
    records = {"library_ids": library_ids}
    rejected = await transaction.fetch("artwork/mark_rejected_covers", records)
    await transaction.execute("verdicts/mark_judged_lookups", records)
    covers = await transaction.fetch("verdicts/select_judged_covers", records)
    urls = [row["url"] for row in covers]
    if covers:
        await transaction.execute(
            "verdicts/put_judged_covers",
            {"library_ids": [row["library_id"] for row in covers], "urls": urls},
        )
    removed = urls.count(None)
    return Counter(
        covers_rejected=len(rejected), covers_removed=removed, covers_written=len(urls) - removed
    )


async def _identify_again(
    transaction: Transaction, library_ids: list[int], changed: list[int]
) -> None:
    """Apply the stored answers anew where a verdict changed what of them may be written."""
    if not library_ids:
        return
    rows = await transaction.fetch(
        "verdicts/select_answered", {"library_ids": library_ids, "changed_ids": changed}
    )
    if rows:
        answered = [row["library_id"] for row in rows]
        written = await transaction.fetch(
            "identity/put_identities",
            {"library_ids": answered, "mark": NOTES_MARK, "run_id": RUN_ID, "now": None},
        )
        rejected = [row["library_id"] for row in written if row["verdict"] == "rejected"]
        await transaction.execute(
            "verdicts/mark_rejected_answers", {"library_ids": answered, "rejected_ids": rejected}
        )


async def _conflicts(transaction: Transaction) -> list[Conflict]:
    rows = await transaction.fetch("verdicts/select_conflicts")
    return [Conflict(**_decoded(row)) for row in rows]


def _decoded(row: Mapping[str, Any]) -> dict[str, Any]:
    terms = {"topic": Topic, "decision": Decision, "overruled_decision": Decision}
    return {name: terms[name](text) if name in terms else text for name, text in row.items()}
