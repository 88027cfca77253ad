"""Charts of the coverage as SVG, readable without colour and on any background."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from math import ceil, floor

from wxyc_assets.domain.percent import percent

WIDTH, HEIGHT = 420, 260
LEFT, RIGHT, TOP, BOTTOM = 46, 156, 16, 36

COLUMNS, CELL_WIDTH, CELL_HEIGHT, EDGE_WIDTH = 8, 78, 40, 9
PAPER, INK, GRID = "#ffffff", "#1b1b1b", "#d5d5d5"
STYLES = (
    ("#003f7f", "", "circle"),
    ("#8a3b00", "7 4", "square"),
    ("#00604a", "2 4", "triangle"),
)
"""A line's colour, dashes and marker; each alone tells the lines apart."""
BLACK, DARKEST_FOR_BLACK = "#000000", 47
"""Black text is used from this lightness on, white below: a contrast of at least 4.5:1 (WCAG)."""
LABEL_GAP = 20
FONT = "font-family='system-ui, sans-serif'"


@dataclass(frozen=True, slots=True)
class Line:
    """A share over time, the oldest point first."""

    name: str
    points: Sequence[tuple[datetime, float]]


@dataclass(frozen=True, slots=True)
class Cell:
    """The share of one range; None for a range without records in scope."""

    name: str
    share: float | None
    is_low: bool = False
    """Below its floor: drawn with a hatched edge and a thick border."""


def lines_over_time(title: str, lines: Sequence[Line]) -> str:
    """Draw up to three lines; the vertical scale begins below the lowest share."""
    drawn = [each for each in lines if each.points]
    shares = [share for each in drawn for _, share in each.points]
    times = [at.timestamp() for each in drawn for at, _ in each.points]
    if not drawn:
        return svg(title, WIDTH, 40, [text(LEFT, 24, "no snapshots yet")])
    frame = _Frame(min(times), max(times), floor(min(shares) * 10) / 10)
    parts = [*frame.grid(), *frame.dates(drawn)]
    labels = _spread([(frame.y(each.points[-1][1]), at) for at, each in enumerate(drawn)])
    for at, each in enumerate(drawn):
        parts.extend(_line(each, STYLES[at % len(STYLES)], frame, labels[at]))
    return svg(title, WIDTH, HEIGHT, parts)


def heat_strip(title: str, cells: Sequence[Cell]) -> str:
    """Draw one cell per range, eight to a row: darker for a larger share, which it also states."""
    height = max(1, ceil(len(cells) / COLUMNS)) * CELL_HEIGHT
    hatch = (
        "<defs><pattern id='low' width='6' height='6' patternUnits='userSpaceOnUse' "
        f"patternTransform='rotate(45)'><path d='M0 0V6' stroke='{INK}' stroke-width='1.5'/>"
        "</pattern></defs>"
    )
    parts = [hatch]
    for at, each in enumerate(cells):
        row, column = divmod(at, COLUMNS)
        parts.extend(_cell(each, column * CELL_WIDTH, row * CELL_HEIGHT))
    return svg(title, COLUMNS * CELL_WIDTH, height, parts)


def inline(chart: str, title: str) -> str:
    """Return Markdown that holds the chart itself, as a data URL."""
    return f"![{title}](data:image/svg+xml;base64,{b64encode(chart.encode()).decode()})"


def shade(share: float) -> tuple[str, str]:
    """Return a blue, darker for a larger share, and a text colour that is readable on it."""
    lightness = round(96 - 70 * min(1.0, max(0.0, share)))
    return f"hsl(210 60% {lightness}%)", BLACK if lightness >= DARKEST_FOR_BLACK else PAPER


@dataclass(frozen=True, slots=True)
class _Frame:
    first: float
    last: float
    lowest: float

    def x(self, at: datetime) -> float:
        span = self.last - self.first
        part = (at.timestamp() - self.first) / span if span else 0.5
        return round(LEFT + part * (WIDTH - LEFT - RIGHT), 1)

    def y(self, share: float) -> float:
        part = (share - self.lowest) / (1 - self.lowest) if self.lowest < 1 else 1.0
        return round(HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM), 1)

    def grid(self) -> Iterator[str]:
        for step in range(5):
            share = self.lowest + (1 - self.lowest) * step / 4
            y = self.y(share)
            yield f"<path d='M{LEFT} {y}H{WIDTH - RIGHT}' stroke='{GRID}'/>"
            yield text(LEFT - 6, y + 5, f"{share:.0%}", anchor="end")

    def dates(self, lines: Sequence[Line]) -> Iterator[str]:
        moments = sorted(at for each in lines for at, _ in each.points)
        ends = {moments[0]: "start", moments[-1]: "end"}
        shown = "%m-%d %H:%M" if moments[-1] - moments[0] < timedelta(days=2) else "%Y-%m-%d"
        if moments[0] == moments[-1]:
            ends = {moments[-1]: "middle"}
        for at, anchor in ends.items():
            x = (LEFT + WIDTH - RIGHT) / 2 if anchor == "middle" else self.x(at)
            yield text(x, HEIGHT - 10, f"{at:{shown}}", anchor=anchor)


def _line(line: Line, style: tuple[str, str, str], frame: _Frame, label_y: float) -> Iterator[str]:
    colour, dashes, mark = style
    points = [(frame.x(at), frame.y(share)) for at, share in line.points]
    path = "M" + "L".join(f"{x} {y}" for x, y in points)
    yield (
        f"<path d='{path}' fill='none' stroke='{colour}' stroke-width='2.5' "
        f"stroke-dasharray='{dashes}'/>"
    )
    for x, y in points if len(points) <= COLUMNS * 2 else points[-1:]:
        yield _mark(mark, x, y, colour)
    x, y = points[-1]
    yield f"<path d='M{x + 5} {y}L{WIDTH - RIGHT + 14} {label_y}' stroke='{colour}'/>"
    yield _mark(mark, WIDTH - RIGHT + 20, label_y, colour)
    label = f"{line.name} {percent(line.points[-1][1])}"
    yield text(WIDTH - RIGHT + 30, label_y + 5, label, colour=colour)


def _spread(wanted: Sequence[tuple[float, int]]) -> dict[int, float]:
    """Return the vertical position of each label, by its index, so that none overlaps another."""
    placed: dict[int, float] = {}
    lowest = TOP - LABEL_GAP / 2
    for y, at in sorted(wanted):
        lowest = max(y, lowest + LABEL_GAP)
        placed[at] = lowest
    return placed


def _mark(mark: str, x: float, y: float, colour: str) -> str:
    match mark:
        case "circle":
            return f"<circle cx='{x}' cy='{y}' r='4' fill='{colour}'/>"
        case "square":
            return f"<rect x='{x - 4}' y='{y - 4}' width='8' height='8' fill='{colour}'/>"
        case _:
            return f"<path d='M{x} {y - 5}l5 9h-10z' fill='{colour}'/>"


def _cell(cell: Cell, x: int, y: int) -> Iterator[str]:
    fill, ink = (PAPER, INK) if cell.share is None else shade(cell.share)
    box = f"x='{x + 1}' y='{y + 1}' width='{CELL_WIDTH - 2}' height='{CELL_HEIGHT - 2}'"
    yield f"<g><title>{escape(f'{cell.name}: {percent(cell.share)}')}</title>"
    yield f"<rect {box} fill='{fill}' stroke='{INK}' stroke-width='{3 if cell.is_low else 0.5}'/>"
    if cell.is_low:
        edge = f"x='{x + 1}' y='{y + 1}' width='{EDGE_WIDTH}' height='{CELL_HEIGHT - 2}'"
        yield f"<rect {edge} fill='{PAPER}'/><rect {edge} fill='url(#low)'/>"
    name = cell.name.partition("-")[0].lstrip("0") or cell.name
    yield text(x + CELL_WIDTH / 2, y + 16, f"from {name}", anchor="middle", colour=ink, size=11)
    yield text(
        x + CELL_WIDTH / 2,
        y + 32,
        ("▼ " if cell.is_low else "") + percent(cell.share),
        anchor="middle",
        colour=ink,
        size=13,
        weight="bold",
    )
    yield "</g>"


def text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    colour: str = INK,
    size: int = 14,
    weight: str = "normal",
) -> str:
    """Return words at a place of a chart."""
    return (
        f"<text x='{x}' y='{y}' text-anchor='{anchor}' fill='{colour}' font-size='{size}' "
        f"font-weight='{weight}'>{escape(words)}</text>"
    )


def svg(title: str, width: int, height: int, parts: Sequence[str]) -> str:
    """Return a chart of these parts, on paper."""
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' "
        f"height='{height}' role='img' {FONT}><title>{escape(title)}</title>"
        f"<rect width='{width}' height='{height}' fill='{PAPER}'/>{''.join(parts)}</svg>"
    )
