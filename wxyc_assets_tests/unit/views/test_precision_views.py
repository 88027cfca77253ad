"""Measured precision, as people read it."""

from datetime import UTC, datetime
from xml.etree import ElementTree

from wxyc_assets.domain.changes import RecordsOfReport
from wxyc_assets.domain.coverage import State
from wxyc_assets.domain.precision import (
    Calibration,
    Estimate,
    Interval,
    Stratum,
    StratumCount,
    calibration,
)
from wxyc_assets.domain.samples import MeasuredPrecision, SampledKind, measure
from wxyc_assets.views.coverage_page import page
from wxyc_assets.views.precision_views import (
    beside_coverage,
    by_band,
    by_stratum,
    calibration_chart,
    summary,
)
from wxyc_assets_tests.support.snapshots import library_slice, results, snapshot

ESTIMATE = Estimate(0.961, Interval(0.938, 0.976), 400, 384, 48_000, 48_000)
NOVEMBER = datetime(2026, 11, 3, tzinfo=UTC)
COUNTS = [
    StratumCount(Stratum("identity", "exact_match", "0.9", "non_va"), 900, 40, 38, 0.9),
    StratumCount(Stratum("identity", "trigram", "0.7", "non_va"), 100, 10, 7, 0.75),
    StratumCount(Stratum("identity", "llm", "0.5", "va"), 20, claimed=0.5),
]


def bands() -> list[Calibration]:
    return calibration(COUNTS)


def test_it_stands_beside_the_coverage() -> None:
    measured = [
        MeasuredPrecision(kind, NOVEMBER, ESTIMATE)
        for kind in (SampledKind.IDENTITY, SampledKind.COVER)
    ]
    assert list(beside_coverage(0.757, measured)) == [
        "75.7% identified; of these 96.1% right, 93.8 to 97.6, measured on 400 records in "
        "November 2026.",
        "Of the covers 96.1% right, 93.8 to 97.6, measured on 400 records in November 2026.",
    ]


def test_the_report_says_it_first() -> None:
    now = snapshot(library_slice(states={State.FRESH: 757, State.UNRESOLVED: 243}))
    measured = [MeasuredPrecision(SampledKind.IDENTITY, NOVEMBER, ESTIMATE)]
    nothing = RecordsOfReport(now.taken_at, (), (), (), {})
    written = page(now, [], list(results(now).values()), nothing, precision=measured)
    summary_of_page = written.partition("<section")[0]
    assert "75.7% identified; of these 96.1% right, 93.8 to 97.6" in summary_of_page


def test_an_unlabelled_stratum_is_unknown() -> None:
    assert [row[-3:] for row in by_stratum(COUNTS).rows] == [
        ("40", "95%", "83.8 to 98.6"),
        ("10", "70%", "40.9 to 88.7"),
        ("0", "unknown", "0 to 100"),
    ]


def test_the_summary_says_what_more_labels_would_bring() -> None:
    (measurement,) = measure(COUNTS)
    said = summary(measurement)
    assert said.startswith("45 of 50 labels say right; weighted 92.5%, ")
    assert "20 records are in strata without a label." in said
    assert f"{measurement.labels_to_halve} more labels would halve the interval." in said


def test_the_chart_has_a_point_and_a_bar_for_each_band() -> None:
    drawn = ElementTree.fromstring(calibration_chart("Calibration", bands()))
    circles = [each for each in drawn.iter() if each.tag.endswith("circle")]
    assert len(circles) == len(by_band(bands()).rows) == 2
    for each, band in zip(circles, bands(), strict=True):
        assert each[0].text == (
            f"claimed {by_band([band]).rows[0][1]}, measured {by_band([band]).rows[0][2]}"
        )
    right, above = (float(circles[1].attrib[name]) for name in ("cx", "cy"))
    assert right > float(circles[0].attrib["cx"])
    assert above < float(circles[0].attrib["cy"])
