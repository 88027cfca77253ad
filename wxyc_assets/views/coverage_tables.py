"""Tables and charts of a snapshot, for the UI and the report page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from wxyc_assets.domain.coverage import OUTSIDE, CoverState, Slice, Snapshot, State
from wxyc_assets.domain.percent import percent
from wxyc_assets.views.charts import Cell, Line, heat_strip, lines_over_time
from wxyc_assets.views.labels import COHORT_LABELS, COVER_LABELS, STATE_LABELS

Row = tuple[str, ...]

COLUMNS: dict[str, Callable[[Slice], str]] = {
    "records": lambda each: f"{each.library_rows:,}",
    "in scope": lambda each: f"{each.in_scope:,}",
    "identified": lambda each: percent(each.identified_share if each.in_scope else None),
    "asked": lambda each: percent(each.covered_share if each.in_scope else None),
    "fresh": lambda each: f"{each.records(State.FRESH):,}",
    "stale": lambda each: f"{each.records(State.STALE):,}",
    "waiting to retry": lambda each: f"{each.waiting_to_retry:,}",
    "never asked": lambda each: f"{each.records(State.NEVER_ASKED):,}",
    "otherwise open": lambda each: f"{each.open_records - each.records(State.NEVER_ASKED):,}",
    "out of scope": lambda each: f"{each.library_rows - each.in_scope:,}",
    "compilations matched": lambda each: f"{each.compilations_matched:,}",
    "covers wanted": lambda each: f"{each.covers_wanted:,}",
    "with cover": lambda each: percent(each.artwork_share if each.covers_wanted else None),
}
SNAPSHOTS_LISTED = 10
OUTSIDE_LABEL = "in no range"
RANGES_TITLE = "Share asked, by range"
FEWEST_COMPARED = 30
"""A range with fewer records is not compared with the others."""
FAR_BELOW = 0.75
"""A share is far below the others if it is less than this part of their median."""


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table whose first column names each row."""

    title: str
    head: Row
    rows: tuple[Row, ...]

    def markdown(self) -> str:
        lines = [self.head, ("---", *["--:"] * (len(self.head) - 1)), *map(_in_markdown, self.rows)]
        return "\n".join(f"| {' | '.join(each)} |" for each in lines)


def _in_markdown(row: Row) -> Row:
    """Return cells that stay in their column, whatever an artist is called."""
    return tuple(" ".join(each.split()).replace("|", "\\|") for each in row)


def by_cohort(now: Snapshot) -> ReportTable:
    names = {each.member: COHORT_LABELS.get(each.member, each.member) for each in now.cohorts}
    return _slices("By cohort", "cohort", [*now.cohorts, now.total], names | {"": "all"})


def headline(now: Snapshot) -> str:
    """Return the three shares that sum the library up."""
    total = now.total
    return (
        f"identified {percent(total.identified_share)}, asked {percent(total.covered_share)}, "
        f"covers {percent(total.artwork_share)}"
    )


def far_below(now: Snapshot) -> list[str]:
    """Return a sentence for each range whose identities or covers are far below the others."""
    measures: dict[str, tuple[Callable[[Slice], int], Callable[[Slice], float]]] = {
        "identified": (lambda each: each.in_scope, lambda each: each.identified_share),
        "with cover": (lambda each: each.covers_wanted, lambda each: each.artwork_share),
    }
    sentences: list[str] = []
    for name, (records, share) in measures.items():
        compared = [each for each in now.ranges if records(each) >= FEWEST_COMPARED]
        usual = median(map(share, compared)) if compared else 0.0
        sentences += [
            f"{each.member}: {percent(share(each))} {name}, where others have {percent(usual)}"
            for each in compared
            if share(each) < FAR_BELOW * usual
        ]
    return sentences


def by_genre(now: Snapshot, genre_names: Mapping[str, str]) -> ReportTable:
    names = {each.member: genre_names.get(each.member, each.member) for each in now.genres}
    return _slices("By genre", "genre", now.genres, names)


def by_range(now: Snapshot) -> ReportTable:
    names = {OUTSIDE: OUTSIDE_LABEL}
    return _slices(
        "By range", "id range", [each for each in now.ranges if each.library_rows], names
    )


def by_state(now: Snapshot) -> ReportTable:
    """Return the records in each state, those out of scope with the reason."""
    rows = [
        (STATE_LABELS[state], *(f"{each.records(state):,}" for each in (*now.cohorts, now.total)))
        for state in State
    ]
    head = ("state", *(COHORT_LABELS.get(each.member, each.member) for each in now.cohorts), "all")
    return ReportTable("Records by state", head, tuple(rows))


def by_cover(now: Snapshot) -> ReportTable:
    rows = [(COVER_LABELS[state], f"{now.total.cover(state):,}") for state in CoverState]
    return ReportTable("Covers", ("cover", "records"), tuple(rows))


def histograms(now: Snapshot) -> list[ReportTable]:
    total = now.total
    return [
        _histogram("Sources per identity", "sources", total.sources),
        _histogram("Confidence", "from", total.confidences),
        _histogram("Method", "method", total.methods),
    ]


def over_time(now: Snapshot, before: Sequence[Snapshot]) -> str:
    """Draw coverage, identities and covers of all snapshots of the same scope."""
    snapshots = sorted([*before, now], key=lambda each: each.taken_at)

    def line(name: str, share: Callable[[Slice], float]) -> Line:
        return Line(name, [(each.taken_at, share(each.total)) for each in snapshots])

    lines = [
        line("asked", lambda each: each.covered_share),
        line("identified", lambda each: each.identified_share),
        line("with cover", lambda each: each.artwork_share),
    ]
    return lines_over_time("Coverage over time", lines)


def by_day(now: Snapshot, before: Sequence[Snapshot]) -> ReportTable:
    """Return the same figures as a table, the newest first."""
    newest = sorted([now, *before], key=lambda each: each.taken_at, reverse=True)
    rows = [
        (
            f"{each.taken_at:%Y-%m-%d %H:%M}",
            percent(each.total.covered_share),
            percent(each.total.identified_share),
            percent(each.total.artwork_share),
        )
        for each in newest[:SNAPSHOTS_LISTED]
    ]
    return ReportTable(
        "Latest snapshots", ("taken", "asked", "identified", "with cover"), tuple(rows)
    )


def range_cells(now: Snapshot, floor: float) -> list[Cell]:
    """Return one cell per range, including ranges without records."""
    return [
        Cell(
            each.member,
            each.covered_share if each.in_scope else None,
            is_low=bool(each.in_scope) and each.covered_share < floor,
        )
        for each in now.ranges
    ]


def strip(now: Snapshot, floor: float) -> str:
    return heat_strip(RANGES_TITLE, range_cells(now, floor))


def _slices(
    title: str, name: str, slices: Sequence[Slice], names: Mapping[str, str]
) -> ReportTable:
    rows = [
        (names.get(each.member, each.member), *(cell(each) for cell in COLUMNS.values()))
        for each in slices
    ]
    return ReportTable(title, (name, *COLUMNS), tuple(rows))


def _histogram(title: str, name: str, counts: Mapping[str, int]) -> ReportTable:
    whole = sum(counts.values())
    rows = [
        (value, f"{number:,}", percent(number / whole if whole else None))
        for value, number in counts.items()
    ]
    return ReportTable(title, (name, "records", "share"), tuple(rows))
