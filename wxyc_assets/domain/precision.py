"""Precision of identities and covers, estimated from a labelled random sample.

Intervals have a confidence of 95%. One stratum: the score interval of Wilson (1927), "Probable
inference, the law of succession, and statistical inference", JASA 22:209-212, with the correction
for a finite population. All strata together: the same interval at the effective sample size, as
compared in Franco, Little, Louis and Slud (2019), "Comparative study of confidence intervals for
proportions in complex sample surveys", J. Surv. Stat. Methodol. 7:334-364.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil, inf, sqrt
from statistics import NormalDist

Z = NormalDist().inv_cdf(0.975)
PSEUDO_LABELS = 2
"""Labels at the overall precision that each stratum's variance is smoothed with: without them a
stratum with no error among few labels would count as certain."""
LEAST_PER_STRATUM = 5


@dataclass(frozen=True, slots=True, order=True)
class Stratum:
    """A part of the library from which labels are drawn at random."""

    subject: str
    """`identity` or `cover`."""
    method: str
    band: str
    """The claimed confidence rounded down to a tenth, such as `0.8`; `none` without one."""
    cohort: str


@dataclass(frozen=True, slots=True)
class StratumCount:
    """The labels of one stratum, and the number of records that they stand for."""

    stratum: Stratum
    population: int
    labelled: int = 0
    right: int = 0
    claimed: float | None = None
    """The mean confidence that is claimed for its records."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds that hold the true precision in 95% of samples."""

    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class Estimate:
    """A precision with its interval, and what it rests on."""

    precision: float
    interval: Interval
    labelled: int
    right: int
    population: int
    represented: int
    """The part of the population in strata with a label; the interval allows for the rest."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The claimed confidence of one band beside its measured precision."""

    band: str
    claimed: float
    estimate: Estimate


def wilson(right: int, labelled: int, population: int) -> Interval:
    """Return Wilson's interval for `right` of `labelled`, drawn from `population` records."""
    unsampled = _unsampled(labelled, population)
    return _score_interval(right / labelled, labelled / unsampled if unsampled else inf)


def estimate(counts: Iterable[StratumCount]) -> Estimate | None:
    """Return the precision of all strata, weighted by population; None without any label.

    Records in strata without a label may all be right or all be wrong: the interval is widened
    by their share.
    """
    strata = list(counts)
    drawn = [each for each in strata if each.labelled]
    if not drawn:
        return None
    precision, interval = _weighted(strata)
    return Estimate(
        precision=precision,
        interval=interval,
        labelled=sum(each.labelled for each in drawn),
        right=sum(each.right for each in drawn),
        population=sum(each.population for each in strata),
        represented=sum(each.population for each in drawn),
    )


def calibration(counts: Sequence[StratumCount]) -> list[Calibration]:
    """Return each band's claimed confidence beside its measured precision, the lowest first."""
    ranked = sorted((each for each in counts if each.claimed is not None), key=_band)
    found: list[Calibration] = []
    for band, members in groupby(ranked, key=_band):
        strata = list(members)
        measured = estimate(strata)
        if measured:
            whole = sum(each.population for each in strata)
            claimed = sum((each.claimed or 0) * each.population for each in strata) / whole
            found.append(Calibration(band, claimed, measured))
    return found


def labels_to_halve(counts: Iterable[StratumCount]) -> int | None:
    """Return how many more labels would halve the interval, if they turn out like these did.

    None without any label, or if labelling every record of these strata would not be enough.
    """
    strata = list(counts)
    drawn = [each for each in strata if each.labelled]
    if not drawn:
        return None
    wanted = _weighted(strata)[1].width / 2
    low, high = 1.0, max(each.population / each.labelled for each in drawn)
    if _weighted(strata, high)[1].width > wanted:
        return None
    while high - low > 1e-3 * low:
        middle = (low + high) / 2
        if _weighted(strata, middle)[1].width > wanted:
            low = middle
        else:
            high = middle
    return sum(ceil(_size(each, high)) - each.labelled for each in drawn)


def allocate(populations: Mapping[Stratum, int], size: int) -> dict[Stratum, int]:
    """Divide a sample among strata: a few labels for each, the rest in proportion.

    Raises ValueError when the size is too small for one label from each stratum.
    """
    if size < len(populations):
        raise ValueError(
            f"a sample of {size} is too small for {len(populations)} strata; one label from each "
            f"takes at least {len(populations)}"
        )
    least = min(LEAST_PER_STRATUM, size // len(populations)) if populations else 0
    drawn = {each: min(least, number) for each, number in populations.items()}
    rest = min(size, sum(populations.values())) - sum(drawn.values())
    ideal = _proportional({each: n - drawn[each] for each, n in populations.items()}, rest)
    return {each: drawn[each] + ideal[each] for each in populations}


def _proportional(populations: Mapping[Stratum, int], size: int) -> dict[Stratum, int]:
    """Divide by largest remainder, so that the parts add up to the size."""
    whole = sum(populations.values()) or 1
    exact = {each: number * size / whole for each, number in populations.items()}
    parts = {each: int(number) for each, number in exact.items()}
    by_remainder = sorted(exact, key=lambda each: (parts[each] - exact[each], each))
    for each in by_remainder[: size - sum(parts.values())]:
        parts[each] += 1
    return parts


def _weighted(strata: Sequence[StratumCount], factor: float = 1) -> tuple[float, Interval]:
    """Return precision and interval, as if each stratum had so many times its labels."""
    drawn = [each for each in strata if each.labelled]
    represented = sum(each.population for each in drawn)
    pooled = (sum(each.right for each in drawn) + 0.5) / (sum(each.labelled for each in drawn) + 1)
    precision = smoothed = variance = 0.0
    for each in drawn:
        weight, share = each.population / represented, each.right / each.labelled
        size = _size(each, factor)
        smooth = (share * size + PSEUDO_LABELS * pooled) / (size + PSEUDO_LABELS)
        precision += weight * share
        smoothed += weight * smooth
        variance += weight**2 * smooth * (1 - smooth) * _unsampled(size, each.population) / size
    effective_size = smoothed * (1 - smoothed) / variance if variance else inf
    inner = _score_interval(precision, effective_size)
    known = represented / sum(each.population for each in strata)
    return precision, Interval(inner.low * known, 1 - (1 - inner.high) * known)


def _size(count: StratumCount, factor: float) -> float:
    return min(count.population, count.labelled * factor)


def _unsampled(labelled: float, population: int) -> float:
    """Return the finite population correction: 1 for a large population, 0 for all of it."""
    return (population - labelled) / (population - 1) if population > 1 else 0.0


def _score_interval(precision: float, size: float) -> Interval:
    z2_by_size = Z * Z / size
    centre = precision + z2_by_size / 2
    half = sqrt(z2_by_size * (precision * (1 - precision) + z2_by_size / 4))
    return Interval(
        max(0.0, (centre - half) / (1 + z2_by_size)), min(1.0, (centre + half) / (1 + z2_by_size))
    )


def _band(count: StratumCount) -> str:
    return count.stratum.band
