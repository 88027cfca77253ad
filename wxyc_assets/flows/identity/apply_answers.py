"""Applying stored answers in batches; a row that the database refuses ends alone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from wxyc_assets.adapters.postgres.database import RowRefused
from wxyc_assets.adapters.postgres.identity_store import IdentityStore, StoredAnswer
from wxyc_assets.domain.batches import batched, halves
from wxyc_assets.domain.candidates import Cohort, Scope
from wxyc_assets.domain.ranges import IdRange

BATCH_SIZES = {Cohort.VA: 100, Cohort.NON_VA: 500}
JOIN_DRIFT_KEYS = 10
POISONED = "the answer holds what PostgreSQL cannot store; see the column unstorable"


@dataclass(slots=True)
class ApplyResult:
    """What was applied of a range's stored answers, by cohort."""

    answers: list[StoredAnswer] = field(default_factory=list[StoredAnswer])
    dated_late: int = 0
    """Answers applied earlier, by a narrower run, whose attempt was to be dated now."""
    write_errors: dict[int, str] = field(default_factory=dict[int, str])
    details: dict[Cohort, Counter[str]] = field(
        default_factory=lambda: {cohort: Counter() for cohort in Cohort}
    )


class AnswerWriter:
    """Applies the stored answers of ranges, as `scope` wants them dated."""

    def __init__(self, library: IdentityStore, scope: Scope) -> None:
        self._library = library
        self._scope = scope

    async def apply(self, id_range: IdRange) -> ApplyResult:
        """Applies what the range's stored answers still leave to do; commits batch by batch."""
        answers = await self._library.unapplied(id_range, self._scope)
        new = [each for each in answers if each.is_new]
        applied = ApplyResult(new, dated_late=len(answers) - len(new))
        for cohort, size in BATCH_SIZES.items():
            for batch in batched([each for each in answers if each.cohort is cohort], size):
                await self._apply_batch(batch, applied, cohort)
        return applied

    async def _apply_batch(
        self, batch: Sequence[StoredAnswer], applied: ApplyResult, cohort: Cohort
    ) -> None:
        for each in batch:
            if each.is_poisoned:
                await self._give_up(each, POISONED, applied)
        await self._write([each for each in batch if not each.is_poisoned], applied, cohort)

    async def _write(
        self, batch: Sequence[StoredAnswer], applied: ApplyResult, cohort: Cohort
    ) -> None:
        if not batch:
            return
        try:
            details = await self._library.apply(batch, self._scope)
        except RowRefused as error:
            if len(batch) == 1:
                await self._give_up(batch[0], str(error), applied)
                return
            for half in halves(batch):
                await self._write(half, applied, cohort)
        else:
            details["pages_with_join_drift"] += _has_drifted(details)
            applied.details[cohort].update(details)

    async def _give_up(self, answer: StoredAnswer, reason: str, applied: ApplyResult) -> None:
        applied.write_errors[answer.library_id] = reason
        await self._library.mark_unwritable(answer.library_id, reason)


def _has_drifted(details: Counter[str]) -> bool:
    """Ten or more keys of a page, and half of them match no credit: the join key has drifted."""
    keys, lost = details["track_keys"], details["tracks_without_credit"]
    return lost >= JOIN_DRIFT_KEYS and lost * 2 >= keys
