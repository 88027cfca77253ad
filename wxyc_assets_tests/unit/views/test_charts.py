"""The charts: well formed, and readable without colour."""

from base64 import b64decode
from colorsys import hls_to_rgb
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from wxyc_assets.domain.percent import percent
from wxyc_assets.views.charts import Cell, Line, heat_strip, inline, lines_over_time, shade

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"


def labels(svg: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_lines_differ_by_name_dashes_and_markers() -> None:
    days = [NOW - timedelta(days=day) for day in (2, 1, 0)]
    lines = [Line(name, [(day, 0.5) for day in days]) for name in ("covered", "identified", "so")]
    svg = lines_over_time("over time", lines)
    assert {"covered 50%", "identified 50%", "so 50%"} <= {*labels(svg)}
    paths = ElementTree.fromstring(svg).findall(f"{SVG}path[@stroke-dasharray]")
    assert len({each.get("stroke-dasharray") for each in paths}) == 3
    shares = [each for each in ElementTree.fromstring(svg).iter(f"{SVG}text") if "50" in each.text]  # pyright: ignore
    heights = sorted(float(each.get("y", 0)) for each in shares[-3:])
    assert min(b - a for a, b in pairwise(heights)) >= 14


@pytest.mark.parametrize("points", [[], [(NOW, 0.0)], [(NOW, 1.0)], [(NOW, 0.2)] * 200])
def test_any_number_of_points_can_be_drawn(points: list[tuple[datetime, float]]) -> None:
    ElementTree.fromstring(lines_over_time("<over> & time", [Line("<covered>", points)]))


def test_a_range_shows_its_share_and_a_low_one_is_hatched() -> None:
    cells = [Cell("0000001-0000050", 1.0), Cell("0000051-0000100", 0.42, is_low=True)]
    svg = heat_strip("ranges", [*cells, Cell("0000101-0000150", None)])
    assert labels(svg) == ["from 1", "100%", "from 51", "▼ 42%", "from 101", "none"]
    assert svg.count("fill='url(#low)'") == 1


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (1.0, "100%"),
        (0.99999, "99.9%"),
        (0.00001, "0.00%"),
        (0.55, "55%"),
        (0.5501, "55.0%"),
        (0.0123, "1.2%"),
        (0.0012, "0.12%"),
        (0.0, "0%"),
    ],
)
def test_only_a_complete_share_is_100_percent(share: float, shown: str) -> None:
    assert percent(share) == shown


def test_a_chart_in_markdown_is_self_contained() -> None:
    start, _, encoded = inline("<svg/>", "title").partition("base64,")
    assert start == "![title](data:image/svg+xml;"
    assert b64decode(encoded.removesuffix(")")) == b"<svg/>"


def luminance(red: float, green: float, blue: float) -> float:
    linear = [
        each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4
        for each in (red, green, blue)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("hundredth", range(101))
def test_a_share_is_readable_on_its_shade_and_more_is_never_lighter(hundredth: int) -> None:
    def lightness(fill: str) -> float:
        return float(fill.split()[-1].removesuffix("%)")) / 100

    fill, ink = shade(hundredth / 100)
    ground = luminance(*hls_to_rgb(210 / 360, lightness(fill), 0.6))
    contrast = 1.05 / (ground + 0.05) if ink == "#ffffff" else (ground + 0.05) / 0.05
    assert contrast >= 4.5
    assert lightness(fill) <= lightness(shade(max(0, hundredth - 1) / 100)[0])
