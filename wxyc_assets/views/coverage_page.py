"""A snapshot and its checks as one self-contained HTML page.

Nothing on it is shown by colour alone: values and results are text, and a range below its floor has
a hatched edge. There are no scripts; everything can be reached with the Tab key.
"""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import chain

from wxyc_assets.domain.coverage import OUTSIDE, Snapshot
from wxyc_assets.domain.gates.history import Acceptance
from wxyc_assets.domain.gates.result import GateResult
from wxyc_assets.domain.percent import percent
from wxyc_assets.views import coverage_tables as tables
from wxyc_assets.views.charts import Cell, shade
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
.checks { list-style: none; padding: 0; } .checks > li { border: 1px solid var(--line);
  border-left-width: .5rem; padding: .5rem .75rem; margin: .5rem 0; overflow-wrap: anywhere; }
.checks > .warned, .checks > .failed { border-left-style: double; border-left-width: 1rem;
  background: var(--soft); }
.checks p { margin: .25rem 0 0; } .result { font-weight: bold; text-transform: uppercase; }
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


def page(
    now: Snapshot,
    before: Sequence[Snapshot],
    results: Sequence[GateResult],
    accepted: Acceptance | None = None,
) -> str:
    """Return the whole file; `before` are earlier snapshots of the same scope.

    `accepted` is the baseline's acceptance, if a person accepted it although checks had failed.
    """
    floor = next(each.floor for each in results if each.name == "the_library_is_covered")
    parts = chain(
        _head(f"WXYC library coverage: {percent(now.total.covered_share)}"),
        _summary(now, _outcome(results)),
        _section("checks", chain(_accepted(accepted), _checks(results))),
        _section("cohorts", _table(tables.by_cohort(now))),
        _section("time", _chart(now, before)),
        _section("ranges", _strip(now, floor)),
        _section("records", _table(tables.by_state(now))),
        _section("covers", _table(tables.by_cover(now))),
        _section("identities", chain.from_iterable(map(_table, tables.histograms(now)))),
        _section("genres", _table(tables.by_genre(now))),
        ["</main></body></html>\n"],
    )
    return "\n".join(parts)


SECTIONS = {
    "checks": "Checks",
    "cohorts": "Cohorts",
    "time": "Over time",
    "ranges": "Ranges",
    "records": "Records",
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


def _summary(now: Snapshot, outcome: str) -> Iterator[str]:
    total = now.total
    yield f"<h1>{percent(total.covered_share)} of the library is covered; {outcome}</h1>"
    yield (
        f"<p>{total.covered:,} of {total.in_scope:,} records in scope "
        f"({escape(now.scope)}) have an identity or are waiting to retry; "
        f"{total.library_rows - total.in_scope:,} are out of scope. "
        f"{percent(total.artwork_share)} of {total.covers_wanted:,} records that want a cover "
        "have one.</p>"
    )
    moment = f"{now.taken_at:%Y-%m-%d %H:%M %Z}"
    yield (
        f'<p>Snapshot of <time datetime="{now.taken_at.isoformat()}">{moment}</time> '
        f"by run {escape(now.run_id)}.</p>"
    )


def _section(name: str, body: Iterator[str]) -> Iterator[str]:
    yield f'<section id="{name}"><h2>{SECTIONS[name]}</h2>'
    yield from body
    yield "</section>"


def _outcome(results: Sequence[GateResult]) -> str:
    not_passed = [each for each in results if not each.passed]
    failed = sum(not each.is_warning for each in not_passed)
    if failed:
        return f"{failed} of {len(results)} checks {'fails' if failed == 1 else 'fail'}"
    return "no check fails" if not_passed else "every check passes"


def _accepted(by_hand: Acceptance | None) -> Iterator[str]:
    if by_hand is not None:
        yield (
            f"<p>Compared with the snapshot of {by_hand.taken_at:%Y-%m-%d}, which "
            f"{escape(by_hand.accepted_by)} accepted on {by_hand.accepted_at:%Y-%m-%d}: "
            f"{escape(by_hand.why or '')}</p>"
        )


def _checks(results: Sequence[GateResult]) -> Iterator[str]:
    yield '<ul class="checks">'
    for each in sorted(results, key=lambda each: each.passed):
        kind, word = _result_label(each)
        yield f'<li class="{kind}">'
        yield f'<span class="result">{word}</span>: {each.name.replace("_", " ")}'
        yield f"<p>{escape(each.description)}</p>"
        if each.offenders and not each.passed:
            yield "<details><summary>Where</summary><ul>"
            yield from (f"<li>{escape(offender)}</li>" for offender in each.offenders)
            yield "</ul></details>"
        yield "</li>"
    yield "</ul>"


def _result_label(result: GateResult) -> tuple[str, str]:
    if result.passed:
        return "passed", "✓ passes"
    return ("warned", "! warns") if result.is_warning else ("failed", "✗ fails")


def _chart(now: Snapshot, before: Sequence[Snapshot]) -> Iterator[str]:
    yield f'<div class="chart">{tables.over_time(now, before)}</div>'
    yield from _table(tables.by_day(now, before))


def _strip(now: Snapshot, floor: float) -> Iterator[str]:
    yield (
        "<p>The share covered of each range, labelled with its first id. Darker cells have a "
        f"larger share; cells below {percent(floor)} have a hatched edge and a ▼. Each cell links "
        "to its row in the table.</p>"
    )
    yield '<ul class="strip">'
    for each in tables.range_cells(now, floor):
        yield f"<li>{_cell(each)}</li>"
    yield "</ul>"
    yield from _table(tables.by_range(now), anchored=True)


def _cell(cell: Cell) -> str:
    name = tables.OUTSIDE_LABEL if cell.name == OUTSIDE else cell.name
    first = "none" if cell.name == OUTSIDE else str(int(cell.name.partition("-")[0]))
    inside = f"<small>{first}</small>{'▼ ' if cell.is_low else ''}{percent(cell.share)}"
    if cell.share is None:
        return f"<span>{inside}</span>"
    fill, ink = shade(cell.share)
    style = f"background-color:{fill};color:{ink}"
    label = f"range {name}, {percent(cell.share)} covered"
    low = ' class="low"' if cell.is_low else ""
    return (
        f'<a href="#{_anchor(name)}" aria-label="{escape(label)}" style="{style}"{low}>{inside}</a>'
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
