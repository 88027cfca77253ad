"""Random samples of what is written, for people to label; and what their labels say."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from wxyc_assets.domain.percent import percent
from wxyc_assets.domain.precision import (
    Calibration,
    Estimate,
    Stratum,
    StratumCount,
    allocate,
    calibration,
    estimate,
    labels_to_halve,
)

OLDEST_SAMPLE = timedelta(days=365)


class SampledKind(StrEnum):
    """The kinds of units in a sample, in the order in which they are reported."""

    IDENTITY = "identity"
    COVER = "cover"


@dataclass(frozen=True, slots=True)
class SampleUnit:
    """One identity, with all of its ids, or one cover; `values` are in the order of `topics`."""

    library_id: int
    legacy_release_id: int
    stratum: Stratum
    topics: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RankedUnit:
    """A unit with its random place in its stratum, from 1, and what the stratum holds."""

    unit: SampleUnit
    place: int
    population: int
    claimed: float | None


@dataclass(frozen=True, slots=True)
class LmlRules:
    """The LML whose answers were sampled; None for what it did not say."""

    version: str | None = None
    commit_sha: str | None = None

    def differ(self, other: "LmlRules") -> bool:
        """Return True if both say which they are, and they are not the same."""
        if self.commit_sha and other.commit_sha:
            return self.commit_sha != other.commit_sha
        return bool(self.version and other.version and self.version != other.version)


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample that was drawn."""

    sample_id: str
    seed: int
    drawn_at: datetime
    lml: LmlRules = LmlRules()


@dataclass(frozen=True, slots=True)
class Measurement:
    """The precision of identities, or of covers, as a sample's labels say."""

    kind: SampledKind
    overall: Estimate
    strata: tuple[StratumCount, ...]
    bands: tuple[Calibration, ...]
    labels_to_halve: int | None


@dataclass(frozen=True, slots=True)
class MeasuredPrecision:
    """A stored result, as it is shown beside the coverage."""

    kind: SampledKind
    drawn_at: datetime
    estimate: Estimate


def draw(units: Iterable[RankedUnit], sizes: Mapping[SampledKind, int]) -> list[RankedUnit]:
    """Return the units of a sample: of each kind so many, divided among its strata.

    Raises ValueError when a size is too small for the strata.
    """
    ranked = list(units)
    drawn: list[RankedUnit] = []
    for kind, size in sizes.items():
        mine = [each for each in ranked if each.unit.stratum.subject == kind]
        wanted = allocate({each.unit.stratum: each.population for each in mine}, size)
        drawn += [each for each in mine if each.place <= wanted[each.unit.stratum]]
    return drawn


def measure(counts: Sequence[StratumCount]) -> list[Measurement]:
    """Return the precision of each kind that has labels."""
    found: list[Measurement] = []
    for kind in SampledKind:
        strata = tuple(each for each in counts if each.stratum.subject == kind)
        if overall := estimate(strata):
            bands = tuple(calibration(strata))
            found.append(Measurement(kind, overall, strata, bands, labels_to_halve(strata)))
    return found


def objections(
    sample: Sample,
    measured: Iterable[Measurement],
    *,
    now: datetime,
    current: LmlRules,
    floors: Mapping[SampledKind, float],
) -> list[str]:
    """Return why the precision is too low, or the sample no longer tells what it is."""
    found = [
        f"{in_words(each.kind, each.overall)}, below the floor of {percent(floors[each.kind])}"
        for each in measured
        if each.overall.precision < floors[each.kind]
    ]
    if now - sample.drawn_at > OLDEST_SAMPLE:
        found.append(f"the sample of {sample.drawn_at:%B %Y} is older than a year: draw a new one")
    if current.differ(sample.lml):
        found.append(
            f"LML has other rules now ({_named(current)}) than when the sample was drawn "
            f"({_named(sample.lml)}): draw a new one"
        )
    return found


def in_words(kind: SampledKind, measured: Estimate) -> str:
    """Return a measured precision as a clause."""
    low, high = (f"{bound * 100:.1f}" for bound in (measured.interval.low, measured.interval.high))
    noun = {SampledKind.IDENTITY: "identities", SampledKind.COVER: "covers"}[kind]
    return (
        f"{measured.precision:.1%} of the {noun} are right, {low} to {high}, "
        f"measured on {measured.labelled:,} records"
    )


def _named(lml: LmlRules) -> str:
    return lml.commit_sha or lml.version or "unknown"
