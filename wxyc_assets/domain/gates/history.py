"""The baselines of a snapshot: what was accepted before it, by the checks or by a person."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from wxyc_assets.domain.coverage import Snapshot


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The acceptance of a snapshot; by a person if it says why."""

    run_id: str
    taken_at: datetime
    accepted_at: datetime
    accepted_by: str
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """An acceptance and its snapshot; None if that is gone or cannot be read, and why."""

    acceptance: Acceptance
    snapshot: Snapshot | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """The baselines of one snapshot, the newest first; `first_accepted_at` is older than all."""

    baselines: tuple[Baseline, ...] = ()
    first_accepted_at: datetime | None = None

    @property
    def lost(self) -> tuple[Baseline, ...]:
        """Baselines whose snapshot is gone or cannot be read."""
        return tuple(each for each in self.baselines if each.snapshot is None)

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """Accepted snapshots, of any scope."""
        return tuple(each.snapshot for each in self.baselines if each.snapshot)

    @property
    def by_hand(self) -> Acceptance | None:
        """The newest acceptance, if a person accepted it."""
        newest = self.baselines[0].acceptance if self.baselines else None
        return newest if newest and newest.why is not None else None

    def comparable(self, now: Snapshot) -> tuple[Snapshot, ...]:
        """Return accepted snapshots of the same scope."""
        return tuple(each for each in self.snapshots if each.is_comparable(now))


def history_of(accepted: Sequence[Baseline], now: Snapshot, *, days: float) -> History:
    """Return the baselines of `now` among all that were accepted, the newest first.

    They reach back so many days, and at least to the newest of the same scope; never beyond what a
    person accepted, which replaces everything before it.
    """
    others = [each for each in accepted if each.acceptance.run_id != now.run_id]
    since = now.taken_at - timedelta(days=days)
    kept = list(_until_accepted_by_hand(others))
    recent = [each for each in kept if each.acceptance.taken_at >= since]
    older = kept[len(recent) :]
    if not any(_is_comparable(each, now) for each in recent):
        recent += [each for each in older if _is_comparable(each, now)][:1]
    if not recent:
        recent = kept[:1]
    first = min((each.acceptance.taken_at for each in others), default=None)
    return History(tuple(recent), first)


def _until_accepted_by_hand(accepted: Iterable[Baseline]) -> Iterable[Baseline]:
    for each in accepted:
        yield each
        if each.acceptance.why is not None:
            return


def _is_comparable(each: Baseline, now: Snapshot) -> bool:
    return each.snapshot is not None and each.snapshot.is_comparable(now)
