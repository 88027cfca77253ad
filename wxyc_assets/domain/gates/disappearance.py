"""Counts that must not vanish: shares alone stay at 1 when everything is gone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wxyc_assets.domain.coverage import Snapshot
from wxyc_assets.domain.gates.floors import Floors
from wxyc_assets.domain.gates.history import History
from wxyc_assets.domain.gates.result import ROUNDING, GateResult
from wxyc_assets.domain.percent import percent
from wxyc_assets.domain.totals import Count, Totals

NAME = "nothing_has_disappeared"
ROTATION_DROP = 0.5
"""A rotation is a few hundred releases that come and go: half of it may go at once."""

KEPT: dict[Count, str] = {
    Count.RECORDS: "records",
    Count.NAMED_RECORDS: "records with an artist name",
    Count.IDENTITIES: "identities",
    Count.SOURCES: "sources of identities",
    Count.COVERS_THERE: "covers",
    Count.CREDITS: "credits of compilations",
    Count.CREDITS_LINKED: "credits with an artist",
    Count.COMPILATIONS_MATCHED: "matched compilations",
    Count.ANSWERS: "records with an answer of LML",
    Count.ARTISTS_ON_DISCOGS: "artists with a Discogs id",
}
"""Compared with the baselines of every scope."""
KEPT_IN_SCOPE: dict[Count, str] = {
    Count.IN_SCOPE: "records in scope",
    Count.IDENTITIES_IN_SCOPE: "records in scope with an identity",
    Count.COVERS_WANTED: "records that want a cover",
}
"""Compared with the baselines of the same scope."""
ROTATION: dict[Count, str] = {
    Count.ROTATION_ACTIVE: "active releases in rotation",
    Count.ROTATION_RESOLVABLE: "active releases with a Discogs release",
    Count.ROTATION_IDENTIFIED: "active releases with an LML identity",
}
"""Compared with the newest baseline alone."""


@dataclass(frozen=True, slots=True)
class Drop:
    """A count and its largest accepted value; `allowed` is the share of it that may go."""

    what: str
    now: int
    before: int
    allowed: float

    @property
    def share(self) -> float:
        """The share of the former count that is gone."""
        return max(0, self.before - self.now) / self.before if self.before else 0.0

    @property
    def is_too_much(self) -> bool:
        return self.share > self.allowed + ROUNDING or (self.now == 0 and self.before > 0)

    def __str__(self) -> str:
        return f"{self.what}: {self.before:,} -> {self.now:,}"


def check_disappearance(
    now: Snapshot, totals: Totals, history: History, floors: Floors
) -> GateResult:
    """Compare every count with its largest accepted value; fails if a baseline is lost."""
    if history.lost:
        return _lost(history, floors)
    baselines = history.snapshots
    if not baselines:
        description = "No snapshot has been accepted yet: there is nothing to compare with."
        return GateResult(NAME, True, description, 0.0, floors.drop)
    found = list(_drops(now, totals, history, floors))
    gone = sorted((each for each in found if each.is_too_much), key=lambda each: -each.share)
    worst = max(each.share for each in found)
    description = (
        f"{len(gone)} of {len(found)} counts lost more than {percent(floors.drop)} of what they "
        f"were in the accepted snapshots since {baselines[-1].taken_at:%Y-%m-%d}, or everything."
    )
    if gone:
        description += ' If this was intended: wxyc-assets accept-coverage --why "...".'
    return GateResult(NAME, not gone, description, worst, floors.drop, tuple(map(str, gone)))


def _drops(now: Snapshot, totals: Totals, history: History, floors: Floors) -> Iterator[Drop]:
    accepted = history.snapshots
    groups = (
        (KEPT, accepted, floors.drop),
        (KEPT_IN_SCOPE, history.comparable(now), floors.drop),
        (ROTATION, accepted[:1], max(ROTATION_DROP, floors.drop)),
    )
    for counts, baselines, allowed in groups:
        for count, what in counts.items():
            yield Drop(what, totals[count], _largest(baselines, count), allowed)


def _largest(baselines: Sequence[Snapshot], count: Count) -> int:
    return max((each.totals[count] for each in baselines if each.totals), default=0)


def _lost(history: History, floors: Floors) -> GateResult:
    lost = history.lost
    description = (
        f"{len(lost)} accepted {'snapshot' if len(lost) == 1 else 'snapshots'} cannot be read, so "
        "nothing is known about what has disappeared. Find out who changed coverage_snapshot; then "
        'accept the newest one: wxyc-assets accept-coverage --why "...".'
    )
    offenders = tuple(
        f"run {each.acceptance.run_id} of {each.acceptance.taken_at:%Y-%m-%d}: {each.problem}"
        for each in lost[:10]
    )
    return GateResult(NAME, False, description, len(lost), floors.drop, offenders)
