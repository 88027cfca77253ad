"""A snapshot and its gates as one HTML page that needs nothing beside itself.

Nothing on it is told by colour alone: values stand as text, verdicts as words, and what is below
its floor has a hatched edge. It has no scripts; everything can be reached with the Tab key.
"""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import chain

from wxyc_assets.domain.coverage import OUTSIDE, Snapshot
from wxyc_assets.domain.gates import GateResult
from wxyc_assets.views import coverage_tables as tables
from wxyc_assets.views.charts import Cell, percent, shade
from wxyc_assets.views.coverage_tables import Table

STYLE = """
:root { color-scheme: light; --ink: #1b1b1b; --paper: #fff; --line: #6b6b6b; --soft: #f1f1f1; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1 { line-height: 1.2; margin: .5rem 0; } h2 { margin: 2rem 0 .5rem; }
a { color: #003f7f; } a:focus-visible, [tabindex]:focus-visible, summary:focus-visible {
  outline: 3px solid #8a3b00; outline-offset: 2px; }
.skip { position: absolute; left: -100rem; } .skip:focus { position: static; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; padding: 0; }
nav a { display: inline-block; padding: .5rem 0; }
.scroll { overflow-x: auto; border: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: bold; padding: .25rem .5rem; }
th, td { padding: .35rem .6rem; text-align: right; border-top: 1px solid #c9c9c9;
  white-space: nowrap; }
th:first-child { text-align: left; } thead th { background: var(--soft); }
tr:target th, tr:target td { background: #fff3c4; font-weight: bold; }
.gates { list-style: none; padding: 0; } .gates > li { border: 1px solid var(--line);
  border-left-width: .5rem; padding: .5rem .75rem; margin: .5rem 0; overflow-wrap: anywhere; }
.gates > .shut { border-left-style: double; border-left-width: 1rem; background: var(--soft); }
.gates p { margin: .25rem 0 0; } .verdict { font-weight: bold; text-transform: uppercase; }
.chart svg { width: 100%; max-width: 40rem; height: auto; display: block; }
.strip { display: grid; grid-template-columns: repeat(auto-fill, minmax(5.2rem, 1fr)); gap: 3px;
  list-style: none; padding: 0; }
.strip a, .strip span { display: block; padding: .4rem .2rem; text-align: center;
  text-decoration: none; border: 1px solid var(--line); min-height: 2.9rem; line-height: 1.3; }
.strip small { display: block; } .strip .low { border: 4px double var(--ink);
  background-image: repeating-linear-gradient(45deg, #000 0 2px, #fff 2px 6px);
  background-size: .6rem 100%; background-repeat: no-repeat; padding: .2rem .1rem .2rem .6rem;
  border-width: 3px; white-space: nowrap; }
@media print { nav, .skip { display: none; } .scroll { overflow: visible; } }
"""


def page(now: Snapshot, before: Sequence[Snapshot], verdicts: Sequence[GateResult]) -> str:
    """The whole file; `before` are snapshots of the same scope."""
    floor = next(each.floor for each in verdicts if each.name == "the_library_is_covered")
    shut = [each for each in verdicts if not each.holds and not each.is_warning]
    state = f"{len(shut)} of {len(verdicts)} gates are shut" if shut else "every gate is open"
    parts = chain(
        _head(f"WXYC library coverage: {percent(now.total.covered_share)}"),
        _summary(now, state),
        _section("gates", "Gates", _gates(verdicts)),
        _section("cohorts", "Cohorts", _table(tables.by_cohort(now))),
        _section("time", "Over time", _chart(now, before)),
        _section("ranges", "Ranges", _strip(now, floor)),
        _section("states", "How far the records got", _table(tables.by_state(now))),
        _section("covers", "Covers", _table(tables.by_cover(now))),
        _section(
            "identities", "Identities", chain.from_iterable(map(_table, tables.histograms(now)))
        ),
        _section("genres", "Genres", _table(tables.by_genre(now))),
        ["</main></body></html>\n"],
    )
    return "\n".join(parts)


SECTIONS = {
    "gates": "Gates",
    "cohorts": "Cohorts",
    "time": "Over time",
    "ranges": "Ranges",
    "states": "Records",
    "covers": "Covers",
    "identities": "Identities",
    "genres": "Genres",
}


def _head(title: str) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(title)}</title>"
    yield '<link rel="icon" href="data:,">'
    yield f"<style>{STYLE}</style></head><body>"
    yield '<a class="skip" href="#content">Skip to the content</a>'
    links = "".join(f'<li><a href="#{name}">{title}</a></li>' for name, title in SECTIONS.items())
    yield f'<nav aria-label="Sections"><ul>{links}</ul></nav><main id="content">'


def _summary(now: Snapshot, state: str) -> Iterator[str]:
    total = now.total
    yield f"<h1>{percent(total.covered_share)} of the library is covered; {state}</h1>"
    yield (
        f"<p>{total.identified + total.resting:,} of {total.in_scope:,} rows in scope "
        f"({escape(now.scope)}) have an identity, or rest with a dated attempt; "
        f"{total.library_rows - total.in_scope:,} rows are out of scope. "
        f"{percent(total.artwork_share)} of {total.covers_wanted:,} wanted covers are there.</p>"
    )
    moment = f"{now.taken_at:%Y-%m-%d %H:%M %Z}"
    yield (
        f'<p>Taken at <time datetime="{now.taken_at.isoformat()}">{moment}</time> '
        f"by run {escape(now.run_id)}.</p>"
    )


def _section(name: str, title: str, body: Iterator[str] | Sequence[str]) -> Iterator[str]:
    yield f'<section id="{name}"><h2>{title}</h2>'
    yield from body
    yield "</section>"


def _gates(verdicts: Sequence[GateResult]) -> Iterator[str]:
    yield '<ul class="gates">'
    for each in sorted(verdicts, key=lambda each: each.holds):
        word = "✓ holds" if each.holds else "! warns" if each.is_warning else "✗ does not hold"
        yield f'<li class="{"open" if each.holds else "shut"}">'
        yield f'<span class="verdict">{word}</span>: {each.name.replace("_", " ")}'
        yield f"<p>{escape(each.words)}</p>"
        if each.offenders and not each.holds:
            yield "<details><summary>Where</summary><ul>"
            yield from (f"<li>{escape(offender)}</li>" for offender in each.offenders)
            yield "</ul></details>"
        yield "</li>"
    yield "</ul>"


def _chart(now: Snapshot, before: Sequence[Snapshot]) -> Iterator[str]:
    yield f'<div class="chart">{tables.over_time(now, before)}</div>'
    yield from _table(tables.by_day(now, before))


def _strip(now: Snapshot, floor: float) -> Iterator[str]:
    yield (
        f"<p>Share covered of each range, by its first id: the darker, the more; below "
        f"{percent(floor)} with a hatched edge and marked ▼. Each leads to its row.</p>"
    )
    yield '<ul class="strip">'
    for each in tables.range_cells(now, floor):
        yield f"<li>{_cell(each)}</li>"
    yield "</ul>"
    yield from _table(tables.by_range(now), anchored=True)


def _cell(cell: Cell) -> str:
    first = "none" if cell.name == OUTSIDE else str(int(cell.name.partition("-")[0]))
    inside = f"<small>{first}</small>{'▼ ' if cell.is_low else ''}{percent(cell.share)}"
    if cell.share is None:
        return f"<span>{inside}</span>"
    fill, ink = shade(cell.share)
    style = f"background-color:{fill};color:{ink}"
    name = f"range {cell.name}, {percent(cell.share)} covered"
    low = ' class="low"' if cell.is_low else ""
    return (
        f'<a href="#{_anchor(cell.name)}" aria-label="{escape(name)}" style="{style}"{low}>'
        f"{inside}</a>"
    )


def _table(table: Table, *, anchored: bool = False) -> Iterator[str]:
    label = escape(table.title)
    yield f'<div class="scroll" role="region" tabindex="0" aria-label="{label}"><table>'
    yield f"<caption>{label}</caption><thead><tr>"
    yield "".join(f'<th scope="col">{escape(each)}</th>' for each in table.head)
    yield "</tr></thead><tbody>"
    for name, *cells in table.rows:
        anchor = f' id="{_anchor(name)}"' if anchored else ""
        values = "".join(f"<td>{escape(each)}</td>" for each in cells)
        yield f'<tr{anchor}><th scope="row">{escape(name)}</th>{values}</tr>'
    yield "</tbody></table></div>"


def _anchor(name: str) -> str:
    return "range-" + name.replace(" ", "-")
