"""Lists of records with search, sorting and CSV, on a page that needs nothing else.

The rows are JSON inside the page; a small script shows fifty at a time. Names only ever become text
nodes, so that nothing in them can act.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib.resources import files

from wxyc_assets.domain.changes import (
    Change,
    ChangedRecord,
    DoubtfulRecord,
    RecordsOfReport,
    UncoveredRecord,
)
from wxyc_assets.domain.doubts import DoubtReason
from wxyc_assets.views.labels import DOUBT_LABELS, LOOKUP_LABELS

CHANGE_LABELS = {
    Change.NEW_RECORD: "new records",
    Change.FOUND: "newly found identities",
    Change.LOST: "lost identities",
    Change.CHANGED: "LML changed its mind",
    Change.EDITED: "edited: another artist name",
    Change.WITHDRAWN: "withdrawn records",
}
NEVER_LOOKED_UP = "not looked up yet"
RECORD = ("record", "artist", "title", "genre")

SCRIPT = files("wxyc_assets.views").joinpath("record_lists.js").read_text(encoding="utf-8")

Value = str | int


@dataclass(frozen=True, slots=True)
class RecordList:
    """A list of records; `name` is that of its CSV file."""

    name: str
    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[Value, ...]]


def lists(records: RecordsOfReport) -> list[RecordList]:
    """Return the lists of a report, each change on its own."""
    by_change = {each: [r for r in records.changes if r.change is each] for each in Change}
    changed = [
        RecordList(
            change.value,
            CHANGE_LABELS[change],
            (*RECORD, "when", "detail"),
            [_changed(each) for each in found],
        )
        for change, found in by_change.items()
    ]
    uncovered = RecordList(
        "without_cover",
        "records without a cover",
        (*RECORD, "why", "looked up"),
        [_uncovered(each) for each in records.without_cover],
    )
    doubtful = RecordList(
        "doubtful",
        "doubts, the most played records first",
        (*RECORD, "plays", "severity", "doubt", "evidence"),
        [_doubtful(each) for each in records.doubtful],
    )
    return [uncovered, doubtful, *changed]


def html(each: RecordList) -> Iterator[str]:
    """Return a list as HTML; an empty one is a sentence."""
    if not each.rows:
        yield f"<p>0 {escape(each.title)}.</p>"
        return
    data = json.dumps(
        {"name": each.name, "head": each.head, "rows": each.rows}, ensure_ascii=False
    ).replace("<", "\\u003c")
    label = escape(f"{len(each.rows):,} {each.title}")
    yield f'<details class="list" id="list-{each.name}"><summary>{label}</summary>'
    yield f'<script type="application/json">{data}</script>'
    yield '<div class="controls"><label>Search<input type="search"></label>'
    yield '<button type="button" class="csv">Download as CSV</button></div>'
    yield f'<div class="scroll"><table><caption>{label}</caption><thead><tr>'
    yield "".join(
        f'<th scope="col"><button type="button">{escape(name)}</button></th>' for name in each.head
    )
    yield "</tr></thead><tbody></tbody></table></div>"
    yield '<p><span class="count"></span> <button type="button" class="more">Show more</button></p>'
    yield "<noscript><p>The list needs JavaScript.</p></noscript></details>"


def _changed(each: ChangedRecord) -> tuple[Value, ...]:
    names = each.artist_name or "", each.album_title or "", each.genre_name or ""
    return each.library_id, *names, _day(each.at), each.detail or ""


def _uncovered(each: UncoveredRecord) -> tuple[Value, ...]:
    why = LOOKUP_LABELS.get(each.outcome, each.outcome) if each.outcome else NEVER_LOOKED_UP
    names = each.artist_name or "", each.album_title, each.genre_name
    return each.library_id, *names, why, _day(each.looked_up_at)


def _doubtful(each: DoubtfulRecord) -> tuple[Value, ...]:
    names = each.artist_name or "", each.album_title, each.genre_name
    plays = "" if each.plays is None else each.plays
    doubt = DOUBT_LABELS[DoubtReason(each.reason)]
    return each.library_id, *names, plays, each.severity, doubt, each.evidence


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else ""
