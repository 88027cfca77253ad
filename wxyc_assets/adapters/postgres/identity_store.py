"""The tables of the identity pipeline: candidates, LML's answers, identities and credits."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, assert_never

from psycopg.types.json import Jsonb

from wxyc_assets.adapters.lml.bulk_resolve import Answer, Answers
from wxyc_assets.adapters.lml.wire import dump
from wxyc_assets.adapters.postgres.clock import Clock, database_now
from wxyc_assets.adapters.postgres.database import Database, Transaction, retry_on_deadlock
from wxyc_assets.adapters.postgres.errors import RowRefused
from wxyc_assets.adapters.postgres.range_locks import (
    LockFamily,
    lock_in_transaction,
    share_verdicts,
)
from wxyc_assets.domain.answers import RULES_VERSION, AnswerKind
from wxyc_assets.domain.candidates import Candidate, Cohort, Reason, Scope
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.domain.run_checks import RunAnswers, WrittenCount

TABLES = (
    "library",
    "library_identity",
    "library_identity_source",
    "library_identity_history",
    "compilation_track_artist",
    "library_candidate",
    "lml_resolution",
)
"""The tables that the identity pipeline writes."""

NOTES_MARK = "consumer:lml-bulk"
"""Our note on rows that we write: that of the legacy job, so that both recognise them."""

REJECTED = "identities_rejected"
"""The counter of answers of which a person rejected everything."""

IDENTITY_COUNTERS = {
    "new": "identities_new",
    "same": "identities_same",
    "replaced": "identities_replaced",
    "outdated": "identities_outdated",
    "rejected": REJECTED,
    "manual": "identities_a_persons",
}
"""The counter of each verdict of `put_identities.sql`."""


@dataclass(frozen=True, slots=True)
class DueRecord:
    """A record that is due; `is_served` if an answer that is not applied yet serves it."""

    candidate: Candidate
    reason: Reason
    is_served: bool


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """A stored answer that is still to be applied, or whose attempt is still to be dated."""

    library_id: int
    cohort: Cohort
    kind: AnswerKind
    is_matched: bool
    is_poisoned: bool
    is_new: bool
    """False for an answer that was applied without dating its attempt."""
    is_undated: bool
    null_confidences: int
    """Number of provenance entries that cannot be written, for want of a confidence."""


@dataclass(frozen=True, slots=True)
class RangeCounts:
    """Records of a range; those with an identity, whoever wrote it; those LML answered about."""

    records: int
    identities: int
    answers: int
    reverted: int
    """Those that wait because what their answer had decided was undone."""


class IdentityStore:
    """Reads and writes by range and by batch; `now` comes from `clock`, else from the database."""

    def __init__(
        self,
        database: Database,
        clock: Clock = database_now,
        *,
        rules_version: int = RULES_VERSION,
    ) -> None:
        self.database = database
        self._now = clock
        self._rules_version = rules_version

    async def count_range(self, id_range: IdRange) -> RangeCounts:
        """Count what the tables hold for a range."""
        (row,) = await self.database.fetch("identity/count_range", _bounds(id_range))
        return RangeCounts(**row)

    async def put_candidates(
        self, id_range: IdRange, scope: Scope, run_id: str
    ) -> Counter[tuple[Cohort, Reason]]:
        """Replace the range's candidates by the records that are due; return the counts by reason.

        Waits while another run works on the range, so that what it just applied is not due.
        """
        async with self.database.transaction() as transaction:
            await lock_in_transaction(transaction, LockFamily.IDENTITY, id_range)
            due = await transaction.fetch(
                "identity/select_due", self._rules_of_due(id_range, scope)
            )
            if due or await transaction.fetch("identity/select_any_candidate", _bounds(id_range)):
                await transaction.execute(
                    "identity/put_candidates",
                    {
                        **_bounds(id_range),
                        "due": Jsonb(due, dumps=dump),
                        "now": self._now(),
                        "run_id": run_id,
                    },
                )
        reasons = Counter((row["cohort"], row["reason"]) for row in due)
        return Counter(
            {(Cohort(cohort), Reason(reason)): rows for (cohort, reason), rows in reasons.items()}
        )

    async def due(self, id_range: IdRange, scope: Scope) -> list[DueRecord]:
        """Return the range's records that are due now, in id order; write nothing."""
        rows = await self.database.fetch("identity/select_due", self._rules_of_due(id_range, scope))
        return [
            DueRecord(
                reason=Reason(row.pop("reason")),
                is_served=row.pop("is_served"),
                candidate=Candidate(**_with_cohort(row)),
            )
            for row in rows
        ]

    def _rules_of_due(self, id_range: IdRange, scope: Scope) -> dict[str, Any]:
        return {
            **_bounds(id_range),
            "now": self._now(),
            "stale_window": timedelta(days=scope.stale_days),
            "retry_window": timedelta(days=scope.retry_days),
            "include_null_canonical": scope.include_null_canonical,
            "recheck": scope.recheck,
        }

    async def unanswered(self, id_range: IdRange, scope: Scope) -> list[Candidate]:
        """Return the range's candidates that no stored answer serves, in id order."""
        rows = await self.database.fetch(
            "identity/select_unanswered",
            {
                **_bounds(id_range),
                "now": self._now(),
                "retry_window": timedelta(days=scope.retry_days),
            },
        )
        return [Candidate(**_with_cohort(row)) for row in rows]

    async def store_answers(
        self, candidates: Sequence[Candidate], answers: Answers, run_id: str
    ) -> None:
        """Store the answers about these candidates verbatim."""
        asked = {each.library_id: each for each in candidates}
        version = answers.tracks_contract_version
        rows = [_row(asked[each.library_id], each, version) for each in answers.answered]
        await self._put_answers(rows, run_id)

    async def store_refusals(self, refusals: Mapping[Candidate, str], run_id: str) -> None:
        """Store LML's reasons for refusing these candidates."""
        rows = [
            {
                "library_id": candidate.library_id,
                "cohort": candidate.cohort,
                "artist_name": candidate.artist_name,
                "is_matched": False,
                "null_confidences": 0,
                "is_poisoned": False,
                "refusal": refusal.replace("\0", "\\x00"),
            }
            for candidate, refusal in refusals.items()
        ]
        await self._put_answers(rows, run_id)

    async def _put_answers(self, rows: Sequence[Mapping[str, Any]], run_id: str) -> None:
        if not rows:
            return
        await self.database.execute(
            "identity/put_answers",
            {"answers": Jsonb(rows, dumps=dump), "now": self._now(), "run_id": run_id},
        )

    async def unapplied(self, id_range: IdRange, scope: Scope) -> list[StoredAnswer]:
        """Return the range's stored answers that this scope still has to handle, in id order."""
        rows = await self.database.fetch(
            "identity/select_unapplied",
            {
                **_bounds(id_range),
                "records_attempts": scope.records_attempts,
                "rules_version": self._rules_version,
            },
        )
        return [_stored_answer(row) for row in rows]

    @retry_on_deadlock
    async def apply(
        self, answers: Sequence[StoredAnswer], scope: Scope, run_id: str
    ) -> Counter[str]:
        """Write identities, credits and dates in one transaction; return the details by name.

        The same transaction writes the previous values into the journal of the run.

        Raises RowRefused when a row cannot be written; then nothing is written.
        """
        singles = [each.library_id for each in answers if each.kind is AnswerKind.SINGLE_ARTIST]
        matched = [each.library_id for each in answers if each.is_matched and each.is_new]
        undated = [each.library_id for each in answers if _wants_date(each, scope)]
        new = [each.library_id for each in answers if each.is_new]
        change = {"run_id": run_id, "now": self._now()}
        async with self.database.transaction() as transaction:
            verdicts = await _put_identities(transaction, singles, change)
            details = Counter(IDENTITY_COUNTERS[each] for each in verdicts.values())
            if matched:
                (tracks,) = await transaction.fetch(
                    "identity/put_credit_artists", {"library_ids": matched, **change}
                )
                details.update(tracks)
            if undated:
                await transaction.execute(
                    "identity/stamp_attempts", {"library_ids": undated, **change}
                )
            if new:
                await transaction.execute(
                    "identity/mark_applied",
                    {
                        "library_ids": new,
                        "rejected_ids": [id for id in verdicts if verdicts[id] == "rejected"],
                        "rules_version": self._rules_version,
                        "now": self._now(),
                    },
                )
        return details

    async def mark_unwritable(self, library_id: int, write_error: str) -> None:
        """Record why an answer could not be written; it stays unapplied."""
        await self.database.execute(
            "identity/mark_unwritable", {"library_id": library_id, "write_error": write_error}
        )

    async def count_written(self, id_range: IdRange) -> WrittenCount:
        """Count the stored answers of a range, and those that are not in the tables."""
        (row,) = await self.database.fetch(
            "identity/count_written_answers", {**_bounds(id_range), "mark": NOTES_MARK}
        )
        return WrittenCount(**row)

    async def count_run_answers(self, id_range: IdRange, run_id: str) -> RunAnswers:
        """Count what LML answered to a run about the records of a range."""
        (row,) = await self.database.fetch(
            "identity/count_run_answers", {**_bounds(id_range), "run_id": run_id}
        )
        return RunAnswers(**row)


async def _put_identities(
    transaction: Transaction, library_ids: Sequence[int], change: Mapping[str, Any]
) -> dict[int, str]:
    """Write the identities of these records; return the verdict on each stored answer."""
    if not library_ids:
        return {}
    await share_verdicts(transaction)
    written = await transaction.fetch(
        "identity/put_identities",
        {"library_ids": library_ids, "mark": NOTES_MARK, **change},
    )
    if not all(row["is_written"] for row in written):
        raise RowRefused("the row was discarded without an error, as by a trigger")
    return {row["library_id"]: row["verdict"] for row in written}


def _wants_date(answer: StoredAnswer, scope: Scope) -> bool:
    match answer.kind:
        case AnswerKind.SINGLE_ARTIST:
            return False
        case AnswerKind.COMPILATION | AnswerKind.UNRESOLVED:
            is_match = answer.is_matched and answer.cohort is Cohort.VA
            return answer.is_undated and (scope.records_attempts or is_match)
        case _:
            assert_never(answer.kind)


def _row(candidate: Candidate, answer: Answer, version: int | None) -> dict[str, Any]:
    return {
        "library_id": candidate.library_id,
        "cohort": candidate.cohort,
        "artist_name": candidate.artist_name,
        "kind": answer.kind,
        "is_matched": answer.is_matched(version),
        "answer": answer.words,
        "null_confidences": answer.null_confidences,
        "unstorable": answer.unstorable or None,
        "is_poisoned": answer.is_poisoned,
        "tracks_contract_version": version,
    }


def _stored_answer(row: Mapping[str, Any]) -> StoredAnswer:
    decoded: dict[str, Any] = {**_with_cohort(row), "kind": AnswerKind(row["kind"])}
    return StoredAnswer(**decoded)


def _with_cohort(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "cohort": Cohort(row["cohort"])}


def _bounds(id_range: IdRange) -> dict[str, int]:
    return {"first": id_range.first, "last": id_range.last}
