"""A snapshot and its checks as one self-contained HTML page.

Nothing on it is shown by colour alone: values and results are text, and a range below its floor has
a hatched edge. Numbers need no script, only the lists of records do; everything can be reached with
the Tab key, read in the dark and printed.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from itertools import chain

from wxyc_assets.domain.changes import Change, RecordsOfReport
from wxyc_assets.domain.coverage import OUTSIDE, CoverState, Snapshot
from wxyc_assets.domain.doubts import Doubts
from wxyc_assets.domain.gates.history import Acceptance
from wxyc_assets.domain.gates.result import GateResult
from wxyc_assets.domain.percent import percent
from wxyc_assets.domain.samples import MeasuredPrecision
from wxyc_assets.views import coverage_tables as tables
from wxyc_assets.views import doubt_tables, record_lists
from wxyc_assets.views.charts import Cell, shade
from wxyc_assets.views.coverage_tables import ReportTable
from wxyc_assets.views.precision_views import beside_coverage

STYLE = files("wxyc_assets.views").joinpath("coverage_page.css").read_text(encoding="utf-8")


def page(
    now: Snapshot,
    before: Sequence[Snapshot],
    results: Sequence[GateResult],
    records: RecordsOfReport,
    accepted: Acceptance | None = None,
    doubts: Doubts | None = None,
    precision: Sequence[MeasuredPrecision] = (),
) -> str:
    """Return the whole file; `before` are earlier snapshots of the same scope.

    `accepted` is the baseline's acceptance, if a person accepted it although checks had failed.
    `doubts` are those of the newest run that looked for them; `precision` was measured on the
    newest labelled sample.
    """
    floor = next(each.floor for each in results if each.name == "the_library_is_covered")
    parts = chain(
        _head(f"WXYC library: {tables.headline(now)}"),
        _summary(now, _outcome(results)),
        _precision(now, precision),
        _section("checks", chain(_accepted(accepted), _checks(results))),
        _section("cohorts", _table(tables.by_cohort(now))),
        _section("time", _chart(now, before)),
        _section("ranges", _strip(now, floor)),
        _section("changes", _changes(records)),
        _section("lists", chain.from_iterable(map(record_lists.html, record_lists.lists(records)))),
        _section("records", _table(tables.by_state(now))),
        _section("covers", chain(_table(tables.by_cover(now)), _price(records))),
        _section("identities", chain.from_iterable(map(_table, tables.histograms(now)))),
        _section("genres", _table(tables.by_genre(now, records.genres))),
        _section("doubts", _doubts(doubts)),
        [f"</main><script>{record_lists.SCRIPT}</script></body></html>\n"],
    )
    return "\n".join(parts)


SECTIONS = {
    "checks": "Checks",
    "cohorts": "Cohorts",
    "time": "Over time",
    "ranges": "Ranges",
    "changes": "Since last week",
    "lists": "Lists",
    "records": "Records",
    "covers": "Covers",
    "identities": "Identities",
    "genres": "Genres",
    "doubts": "Doubts",
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
    yield f"<h1>{tables.headline(now).capitalize()}; {outcome}</h1>"
    yield (
        f"<p><strong>Identified</strong>: {total.identified:,} of {total.in_scope:,} records in "
        f"scope ({escape(now.scope)}) have an identity; "
        f"{total.library_rows - total.in_scope:,} are out of scope. <strong>Asked</strong>: "
        f"for {total.covered:,} of them LML's answer is current, or they are waiting to retry. "
        f"<strong>Covers</strong>: {total.cover(CoverState.THERE):,} of "
        f"{total.covers_wanted:,} records that want a cover have one.</p>"
    )
    moment = f"{now.taken_at:%Y-%m-%d %H:%M %Z}"
    yield (
        f'<p>Snapshot of <time datetime="{now.taken_at.isoformat()}">{moment}</time> '
        f"by run {escape(now.run_id)}.</p>"
    )


def _precision(now: Snapshot, measured: Sequence[MeasuredPrecision]) -> Iterator[str]:
    for sentence in beside_coverage(now.total.identified_share, measured):
        yield f"<p>{escape(sentence)}</p>"


def _price(records: RecordsOfReport) -> Iterator[str]:
    price = records.price
    if price.per_cover is not None:
        yield (
            f"<p>Since {records.since:%Y-%m-%d} a new cover cost {price.per_cover:.1f} Discogs "
            f"requests ({price.requests:,} for {price.covers:,}).</p>"
        )
    yield (
        "<p>A new identity costs none: LML asks Discogs nothing for it. What its answers say is in "
        "each range's metadata, as <code>run/discogs_requests_per_identity</code>.</p>"
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


def _changes(records: RecordsOfReport) -> Iterator[str]:
    counts = Counter(each.change for each in records.changes)
    rows = tuple((record_lists.CHANGE_LABELS[each], f"{counts[each]:,}") for each in Change)
    yield from _table(ReportTable(f"Since {records.since:%Y-%m-%d}", ("change", "records"), rows))


def _chart(now: Snapshot, before: Sequence[Snapshot]) -> Iterator[str]:
    yield f'<div class="chart">{tables.over_time(now, before)}</div>'
    yield from _table(tables.by_day(now, before))


def _strip(now: Snapshot, floor: float) -> Iterator[str]:
    yield (
        "<p>The share asked of each range, labelled with its first id. Darker cells have a "
        f"larger share; cells below {percent(floor)} have a hatched edge and a ▼. Each cell links "
        "to its row in the table.</p>"
    )
    if far_below := tables.far_below(now):
        yield "<p>Far below the others:</p><ul>"
        yield from (f"<li>{escape(sentence)}</li>" for sentence in far_below)
        yield "</ul>"
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
    label = f"range {name}, {percent(cell.share)} asked"
    low = ' class="low"' if cell.is_low else ""
    return (
        f'<a href="#{_anchor(name)}" aria-label="{escape(label)}" style="{style}"{low}>{inside}</a>'
    )


def _doubts(found: Doubts | None) -> Iterator[str]:
    if found is None:
        yield "<p>Nobody has looked for doubts yet: the job library_doubts_job does.</p>"
        return
    yield (
        f"<p>{found.doubtful_records:,} records are doubtful. A doubt is no verdict: it says where "
        "to look first.</p>"
    )
    yield from _table(doubt_tables.by_reason(found))
    yield from _table(doubt_tables.most_played(found))


def _table(table: ReportTable, *, anchored: bool = False) -> Iterator[str]:
    label = escape(table.title)
    yield f'<div class="scroll" role="region" tabindex="0" aria-label="{label}"><table>'
    yield f"<caption>{label}</caption><thead><tr>"
    yield "".join(f'<th scope="col">{escape(each)}</th>' for each in table.head)
    yield "</tr></thead><tbody>"
    for name, *cells in table.rows:
        anchor = f' id="{_anchor(name)}"' if anchored else ""
        values = "".join(
            f'<td data-label="{escape(column)}">{escape(each)}</td>'
            for column, each in zip(table.head[1:], cells, strict=True)
        )
        yield f'<tr{anchor}><th scope="row">{escape(name)}</th>{values}</tr>'
    yield "</tbody></table></div>"


def _anchor(name: str) -> str:
    return "range-" + name.replace(" ", "-")
