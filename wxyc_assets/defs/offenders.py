"""Records that made a check fail, as a table with names: for the UI and for alerts."""

from collections.abc import Sequence

import dagster as dg

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.report_store import ReportStore
from wxyc_assets.defs.occurrences import RECORDS
from wxyc_assets.defs.partitions import library_ranges
from wxyc_assets.domain.ranges import IdRange

MOST_SHOWN = 10
NO_RANGE = "none"


async def offending_records(
    opened: Database, library_ids: Sequence[int]
) -> dict[str, dg.MetadataValue]:
    """Return the first of these records with artist, title and range; nothing for no records."""
    if not library_ids:
        return {}
    found = await ReportStore(opened).names(library_ids[:MOST_SHOWN])
    rows = [
        dg.TableRecord(
            {
                "id": each.library_id,
                "artist": each.artist_name or "",
                "title": each.album_title,
                "range": _range_of(each.library_id),
            }
        )
        for each in found
    ]
    return {RECORDS: dg.MetadataValue.table(rows)} if rows else {}


def _range_of(library_id: int) -> str:
    ranges = map(IdRange.parse, library_ranges.get_partition_keys())
    return next((each.key for each in ranges if library_id in each), NO_RANGE)
