"""A snapshot as tables of words and as pictures, for the UI and for the page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from wxyc_assets.domain.coverage import OUTSIDE, CoverState, Slice, Snapshot, State
from wxyc_assets.views.charts import Cell, Line, heat_strip, lines_over_time, percent

Row = tuple[str, ...]

COLUMNS: dict[str, Callable[[Slice], str]] = {
    "rows": lambda each: f"{each.library_rows:,}",
    "in scope": lambda each: f"{each.in_scope:,}",
    "covered": lambda each: percent(each.covered_share if each.in_scope else None),
    "fresh": lambda each: f"{each.rows(State.FRESH):,}",
    "stale": lambda each: f"{each.rows(State.STALE):,}",
    "resting": lambda each: f"{each.resting:,}",
    "never asked": lambda each: f"{each.rows(State.NEVER_ASKED):,}",
    "open otherwise": lambda each: f"{each.open_rows - each.rows(State.NEVER_ASKED):,}",
    "out of scope": lambda each: f"{each.library_rows - each.in_scope:,}",
    "compilations matched": lambda each: f"{each.compilations_matched:,}",
    "covers wanted": lambda each: f"{each.covers_wanted:,}",
    "covers there": lambda each: percent(each.artwork_share if each.covers_wanted else None),
}
SNAPSHOTS_NAMED = 10
COHORTS = {"va": "compilations (va)", "non_va": "the rest (non_va)"}
COVER_WORDS = {
    CoverState.THERE: "there",
    CoverState.DENIED: "a dated no",
    CoverState.WAITING: "found, not written",
    CoverState.UNKNOWN: "nobody knows",
    CoverState.NOT_WANTED: "not wanted",
}


@dataclass(frozen=True, slots=True)
class Table:
    """The first cell of each row names it."""

    title: str
    head: Row
    rows: tuple[Row, ...]

    def markdown(self) -> str:
        lines = [self.head, ("---", *["--:"] * (len(self.head) - 1)), *self.rows]
        return "\n".join(f"| {' | '.join(each)} |" for each in lines)


def by_cohort(now: Snapshot) -> Table:
    names = {each.member: COHORTS.get(each.member, each.member) for each in now.cohorts}
    return _slices("By cohort", "cohort", [*now.cohorts, now.total], names | {"": "all"})


def by_genre(now: Snapshot) -> Table:
    names = {each.member: f"genre {each.member}" for each in now.genres}
    return _slices("By genre", "genre", now.genres, names)


def by_range(now: Snapshot) -> Table:
    names = {OUTSIDE: "in no range"}
    return _slices("By range", "range of ids", [e for e in now.ranges if e.library_rows], names)


def by_state(now: Snapshot) -> Table:
    """Every state, with what is out of scope and why."""
    rows = [
        (state.words, *(f"{each.rows(state):,}" for each in (*now.cohorts, now.total)))
        for state in State
    ]
    head = ("state", *(COHORTS.get(each.member, each.member) for each in now.cohorts), "all")
    return Table("How far the records got", head, tuple(rows))


def by_cover(now: Snapshot) -> Table:
    rows = [(COVER_WORDS[state], f"{now.total.cover(state):,}") for state in CoverState]
    return Table("Covers", ("cover", "rows"), tuple(rows))


def histograms(now: Snapshot) -> list[Table]:
    total = now.total
    return [
        _histogram("Sources per identity", "sources", total.sources),
        _histogram("Confidence", "from", total.confidences),
        _histogram("Method", "method", total.methods),
    ]


def over_time(now: Snapshot, before: Sequence[Snapshot]) -> str:
    """Coverage, identities and covers of all snapshots that looked at the same scope."""
    all_of_them = sorted([*before, now], key=lambda each: each.taken_at)

    def line(name: str, share: Callable[[Slice], float]) -> Line:
        return Line(name, [(each.taken_at, share(each.total)) for each in all_of_them])

    lines = [
        line("covered", lambda each: each.covered_share),
        line("identified", lambda each: each.identified_share),
        line("with cover", lambda each: each.artwork_share),
    ]
    return lines_over_time("Coverage over time", lines)


def by_day(now: Snapshot, before: Sequence[Snapshot]) -> Table:
    """The same in words, the newest first."""
    newest = sorted([now, *before], key=lambda each: each.taken_at, reverse=True)
    rows = [
        (
            f"{each.taken_at:%Y-%m-%d %H:%M}",
            percent(each.total.covered_share),
            percent(each.total.identified_share),
            percent(each.total.artwork_share),
        )
        for each in newest[:SNAPSHOTS_NAMED]
    ]
    return Table(
        "The last snapshots", ("taken", "covered", "identified", "with cover"), tuple(rows)
    )


def range_cells(now: Snapshot, floor: float) -> list[Cell]:
    """A cell for each range, also for those without rows."""
    return [
        Cell(
            each.member,
            each.covered_share if each.in_scope else None,
            is_low=bool(each.in_scope) and each.covered_share < floor,
        )
        for each in now.ranges
    ]


def strip(now: Snapshot, floor: float) -> str:
    return heat_strip("Share covered of each range", range_cells(now, floor))


def _slices(title: str, name: str, slices: Sequence[Slice], names: Mapping[str, str]) -> Table:
    rows = [
        (names.get(each.member, each.member), *(cell(each) for cell in COLUMNS.values()))
        for each in slices
    ]
    return Table(title, (name, *COLUMNS), tuple(rows))


def _histogram(title: str, name: str, counts: Mapping[str, int]) -> Table:
    whole = sum(counts.values())
    rows = [
        (value, f"{rows:,}", percent(rows / whole if whole else None))
        for value, rows in counts.items()
    ]
    return Table(title, (name, "rows", "share"), tuple(rows))
