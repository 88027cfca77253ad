"""A stage of a rollout: after a backfill of some ranges, those are judged and the rest is shown."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from wxyc_assets.domain.coverage import Dimension, Slice, Snapshot

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Stage:
    """The ranges that were asked about, by pipeline; None: all of them."""

    identity: frozenset[str] | None = None
    artwork: frozenset[str] | None = None

    @property
    def is_whole(self) -> bool:
        """True if the whole library is judged."""
        return self.identity is None and self.artwork is None


WHOLE = Stage()


def restricted(snapshot: Snapshot, ranges: Collection[str] | None) -> Snapshot:
    """Return the snapshot of these ranges alone; the same one for None."""
    if ranges is None:
        return snapshot
    chosen = tuple(each for each in snapshot.ranges if each.member in ranges)
    return replace(snapshot, total=_merged(chosen), ranges=chosen)


def _merged(slices: Collection[Slice]) -> Slice:
    return Slice(
        Dimension.ALL,
        "",
        states=_summed(each.states for each in slices),
        covers=_summed(each.covers for each in slices),
        violations=_summed(each.violations for each in slices),
        compilations=sum(each.compilations for each in slices),
        compilations_matched=sum(each.compilations_matched for each in slices),
        identities=sum(each.identified for each in slices),
    )


def _summed(mappings: Iterable[Mapping[Key, int]]) -> dict[Key, int]:
    total: Counter[Key] = Counter()
    for each in mappings:
        total.update(each)
    return dict(total)
