"""Applying stored answers in batches; a record that the database refuses fails alone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from wxyc_assets.adapters.postgres.errors import RowRefused
from wxyc_assets.adapters.postgres.identity_store import IdentityStore, StoredAnswer
from wxyc_assets.adapters.postgres.verdict_store import VerdictStore
from wxyc_assets.domain.batches import batched, bisect
from wxyc_assets.domain.candidates import Cohort, Scope
from wxyc_assets.domain.ranges import IdRange

BATCH_SIZES = {Cohort.VA: 100, Cohort.NON_VA: 500}
JOIN_DRIFT_KEYS = 10
POISONED = "the answer holds what PostgreSQL cannot store; see the column unstorable"


@dataclass(slots=True)
class ApplyResult:
    """The stored answers of a range that were applied, with details by cohort."""

    answers: list[StoredAnswer] = field(default_factory=list[StoredAnswer])
    dated_late: int = 0
    """Answers applied by an earlier, narrower run, whose attempt was to be dated now."""
    write_errors: dict[int, str] = field(default_factory=dict[int, str])
    details: dict[Cohort, Counter[str]] = field(
        default_factory=lambda: {cohort: Counter() for cohort in Cohort}
    )


class AnswerWriter:
    """Applies the stored answers of ranges, and dates attempts as `scope` says."""

    def __init__(self, store: IdentityStore, scope: Scope, run_id: str) -> None:
        self._store = store
        self._scope = scope
        self._verdicts = VerdictStore(store.database)
        self._run_id = run_id

    async def apply(self, id_range: IdRange) -> ApplyResult:
        """Apply the range's stored answers that are not applied yet; commits batch by batch."""
        answers = await self._store.unapplied(id_range, self._scope)
        new = [each for each in answers if each.is_new]
        result = ApplyResult(new, dated_late=len(answers) - len(new))
        for cohort, size in BATCH_SIZES.items():
            for batch in batched([each for each in answers if each.cohort is cohort], size):
                await self._apply_batch(batch, result)
        await self._verdicts.uphold(id_range)
        return result

    async def _apply_batch(self, batch: Sequence[StoredAnswer], result: ApplyResult) -> None:
        for each in batch:
            if each.is_poisoned:
                await self._give_up(each, POISONED, result)
        storable = [each for each in batch if not each.is_poisoned]
        write = partial(self._write, result=result)
        error = await write(storable) if storable else None
        if error:
            for answer, reason in (await bisect(storable, write, error)).items():
                await self._give_up(answer, str(reason), result)

    async def _write(self, batch: Sequence[StoredAnswer], result: ApplyResult) -> RowRefused | None:
        try:
            details = await self._store.apply(batch, self._scope, self._run_id)
        except RowRefused as error:
            return error
        details["pages_with_join_drift"] += _has_drifted(details)
        result.details[batch[0].cohort].update(details)
        return None

    async def _give_up(self, answer: StoredAnswer, reason: str, result: ApplyResult) -> None:
        result.write_errors[answer.library_id] = reason
        await self._store.mark_unwritable(answer.library_id, reason)


def _has_drifted(details: Counter[str]) -> bool:
    """True when ten or more keys of a page, and half of them, match no credit."""
    keys, lost = details["track_keys"], details["tracks_without_credit"]
    return lost >= JOIN_DRIFT_KEYS and lost * 2 >= keys
