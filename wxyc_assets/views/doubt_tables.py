"""Tables of doubts, for the UI and the report page."""

from itertools import groupby

from wxyc_assets.domain.doubts import Doubt, Doubts
from wxyc_assets.domain.percent import percent
from wxyc_assets.views.coverage_tables import ReportTable, Row
from wxyc_assets.views.labels import DOUBT_LABELS


def by_reason(found: Doubts) -> ReportTable:
    """Return the doubts of each reason, with the change since the run before."""
    rows: list[Row] = []
    for reason, count in found.counts.items():
        before = found.before.get(reason)
        change = "" if before is None else f"{count.records - before.records:+,}"
        what = f"{reason.subject}: {DOUBT_LABELS[reason]}"
        rows.append((what, reason.severity, f"{count.records:,}", percent(count.share), change))
    return ReportTable(
        "Doubts, by reason", ("doubt", "severity", "records", "share", "change"), (*rows,)
    )


def most_played(found: Doubts) -> ReportTable:
    """Return the doubtful records that are played most, with all that is held against them."""
    by_record = groupby(found.most_played, key=lambda each: each.library_id)
    rows = tuple(_record([*doubts]) for _, doubts in by_record)
    return ReportTable(
        "Doubtful records, the most played first", ("record", "plays", "doubts"), rows
    )


def _record(doubts: list[Doubt]) -> Row:
    first = doubts[0]
    name = f"{first.library_id}: {first.artist_name or 'no artist'} - {first.album_title}"
    plays = "unknown" if first.plays is None else f"{first.plays:,}"
    evidence = "; ".join(f"{each.severity}: {each.evidence}" for each in doubts)
    return name, plays, evidence
