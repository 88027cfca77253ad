"""Variables of the jobs before this project that have no meaning here, each with its replacement.

What they meant is in docs/contracts/jobs-before-us.md; docs/migrating.md shows the same sentences.
"""

from collections.abc import Iterable, Iterator

REPLACEMENTS = {
    "THROTTLE_MS": "there is no pause between batches: set `LML_RATE_PER_MIN` and "
    "`LML_MAX_CONCURRENT`",
    "PARTITION_INDEX": "one run takes all ranges: choose ranges by the run's tags, or set "
    "`RANGES_PER_RUN`",
    "PARTITION_COUNT": "one run takes all ranges: choose ranges by the run's tags, or set "
    "`RANGES_PER_RUN`",
    "BACKFILL_BATCH_SIZE": "covers are looked up one by one and written range by range: set "
    "`LIBRARY_RANGE_WIDTH`",
    "BACKFILL_THROTTLE_MS": "there is no pause between lookups: set `LML_RATE_PER_MIN`",
    "LIBRARY_ARTWORK_URL_BACKFILL_MAX_CONCURRENT": "set `LML_MAX_CONCURRENT`, which all jobs share",
    "LIBRARY_ARTWORK_URL_BACKFILL_RATE_PER_MIN": "set `LML_RATE_PER_MIN`, which counts Discogs "
    "requests, not lookups, and which all jobs share",
    "BACKFILL_LML_MAX_CONCURRENT": "set `REFRESH_MAX_CONCURRENT`",
    "BACKFILL_LML_RATE_PER_MIN": "set `LML_RATE_PER_MIN`, which counts Discogs requests, not "
    "calls, and which all jobs share",
    "BACKFILL_LML_BATCH_TIMEOUT_MS": "a refresh is given the 360 s that LML's contract asks for: "
    "leave it out",
    "BACKFILL_LML_BATCH_SIZE": "set `REFRESH_BATCH_SIZE`",
    "BACKFILL_LML_RPS": "set `LML_RATE_PER_MIN`",
}
PREFIXES = ("BACKFILL_", "LIBRARY_ARTWORK_URL_BACKFILL_")
"""Of the old jobs' variables, for those that nobody wrote down."""
UNKNOWN = "nothing replaces it: leave it out"


def complaints(names: Iterable[str]) -> Iterator[str]:
    """Yield a line for each old variable among these names, whatever its value."""
    for name in sorted(names):
        replacement = REPLACEMENTS.get(name) or (name.startswith(PREFIXES) and UNKNOWN)
        if replacement:
            yield f"{name} belongs to an old job and is not read here; {replacement}"
