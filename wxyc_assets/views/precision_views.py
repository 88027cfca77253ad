"""Measured precision as tables and as a chart of the calibration."""

from collections.abc import Iterable, Iterator, Sequence

from wxyc_assets.domain.percent import percent
from wxyc_assets.domain.precision import Calibration, Interval, StratumCount, wilson
from wxyc_assets.domain.samples import MeasuredPrecision, Measurement, SampledKind
from wxyc_assets.views.charts import GRID, INK, svg, text
from wxyc_assets.views.coverage_tables import ReportTable
from wxyc_assets.views.labels import COHORT_LABELS

SIDE, LEFT, BOTTOM, TOP = 280, 50, 44, 14
POINT, BAR = "#003f7f", 2.5


def by_stratum(strata: Iterable[StratumCount]) -> ReportTable:
    """Return the precision of each stratum, with its interval and its labels."""
    rows = [
        (
            each.stratum.method,
            each.stratum.band,
            COHORT_LABELS.get(each.stratum.cohort, each.stratum.cohort),
            f"{each.population:,}",
            f"{each.labelled:,}",
            *_precision(each),
        )
        for each in strata
    ]
    head = ("method", "confidence", "cohort", "records", "labels", "right", "95% interval")
    return ReportTable("Precision by stratum", head, tuple(rows))


def by_band(bands: Iterable[Calibration]) -> ReportTable:
    """Return each band's claimed confidence beside its measured precision."""
    rows = [
        (
            each.band,
            percent(each.claimed),
            percent(each.estimate.precision),
            between(each.estimate.interval),
            f"{each.estimate.labelled:,}",
        )
        for each in bands
    ]
    head = ("confidence", "claimed", "right", "95% interval", "labels")
    return ReportTable("Calibration", head, tuple(rows))


def calibration_chart(title: str, bands: Sequence[Calibration]) -> str:
    """Draw the measured precision over the claimed confidence; on the diagonal they agree."""
    shares = [share for each in bands for share in (each.claimed, each.estimate.interval.low)]
    frame = _CalibrationFrame(min([*shares, 0.9]))
    parts = [*frame.grid()]
    for each in bands:
        parts.extend(frame.point(each))
    return svg(title, LEFT + SIDE + 20, TOP + SIDE + BOTTOM, parts)


def beside_coverage(identified_share: float, found: Iterable[MeasuredPrecision]) -> Iterator[str]:
    """Yield the measured precision as sentences, that of identities beside their share."""
    for each in found:
        measured = each.estimate
        right = (
            f"{measured.precision:.1%} right, {between(measured.interval)}, measured on "
            f"{measured.labelled:,} records in {each.drawn_at:%B %Y}"
        )
        match each.kind:
            case SampledKind.IDENTITY:
                yield f"{percent(identified_share)} identified; of these {right}."
            case SampledKind.COVER:
                yield f"Of the covers {right}."


def summary(measurement: Measurement) -> str:
    """Return a measurement as a sentence, with what more labels would bring."""
    measured, more = measurement.overall, measurement.labels_to_halve
    part = measured.population - measured.represented
    unknown = f" {part:,} records are in strata without a label." if part else ""
    halve = (
        f" {more:,} more labels would halve the interval."
        if more
        else " No number of labels would halve the interval."
    )
    return (
        f"{measured.right:,} of {measured.labelled:,} labels say right; weighted "
        f"{measured.precision:.1%}, {between(measured.interval)}.{unknown}{halve}"
    )


def between(interval: Interval) -> str:
    """Return both bounds in percent: `93.8 to 97.6`."""
    return f"{interval.low * 100:.1f} to {interval.high * 100:.1f}"


def _precision(each: StratumCount) -> tuple[str, str]:
    if not each.labelled:
        return "unknown", "0 to 100"
    return (
        percent(each.right / each.labelled),
        between(wilson(each.right, each.labelled, each.population)),
    )


class _CalibrationFrame:
    """A square whose two axes begin at the same share and end at 100%."""

    def __init__(self, lowest: float) -> None:
        self._lowest = int(lowest * 10) / 10

    def x(self, share: float) -> float:
        return round(LEFT + SIDE * self._part(share), 1)

    def y(self, share: float) -> float:
        return round(TOP + SIDE * (1 - self._part(share)), 1)

    def grid(self) -> Iterator[str]:
        low, high = self._lowest, 1.0
        for step in range(5):
            share = low + (high - low) * step / 4
            x, y = self.x(share), self.y(share)
            yield f"<path d='M{LEFT} {y}h{SIDE}M{x} {TOP}v{SIDE}' stroke='{GRID}' fill='none'/>"
            yield text(LEFT - 6, y + 5, f"{share:.0%}", anchor="end", size=12)
            yield text(x, TOP + SIDE + 16, f"{share:.0%}", anchor="middle", size=12)
        yield f"<path d='M{self.x(low)} {self.y(low)}L{self.x(1)} {self.y(1)}' stroke='{INK}'/>"
        bottom = TOP + SIDE + 36
        yield text(LEFT + SIDE / 2, bottom, "claimed; upwards: measured", anchor="middle", size=12)

    def point(self, each: Calibration) -> Iterator[str]:
        x, bounds = self.x(each.claimed), each.estimate.interval
        low, high = self.y(bounds.low), self.y(bounds.high)
        yield f"<path d='M{x} {low}V{high}' stroke='{POINT}' stroke-width='{BAR}'/>"
        said = f"claimed {percent(each.claimed)}, measured {percent(each.estimate.precision)}"
        yield (
            f"<circle cx='{x}' cy='{self.y(each.estimate.precision)}' r='4' fill='{POINT}'>"
            f"<title>{said}</title></circle>"
        )

    def _part(self, share: float) -> float:
        return (share - self._lowest) / (1 - self._lowest)
