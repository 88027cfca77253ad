"""Metadata that several assets share, and one warning."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from wxyc_assets.domain.counters import DISCOGS_REQUESTS, Tally, percentiles

OFFENDERS_SHOWN = 10


def latencies(milliseconds: Sequence[float]) -> dict[str, dg.MetadataValue]:
    """Return percentiles of LML's latency, as `lml_latency_ms_p50` and so on."""
    return {
        f"lml_latency_ms_{p}": dg.MetadataValue.float(round(ms, 1))
        for p, ms in percentiles(milliseconds).items()
    }


def run_counters(figures: Mapping[str, float]) -> dict[str, dg.MetadataValue]:
    """Return the counters of a run as `run/...`, apart from what describes the data; none is 0."""
    return {
        f"run/{name}": dg.MetadataValue.int(round(number))
        for name, number in figures.items()
        if round(number)
    }


def price(tally: Tally[Any], what: str, number: int) -> dict[str, dg.MetadataValue]:
    """Return the Discogs requests per new cover or identity; nothing if there is none."""
    if not number:
        return {}
    per_one = tally.details[DISCOGS_REQUESTS] / number
    return {f"run/{DISCOGS_REQUESTS}_per_{what}": dg.MetadataValue.float(per_one)}


def offenders(name: str, reasons: Mapping[int, str]) -> dict[str, dg.MetadataValue]:
    """Return the first few records for which something went wrong, each with the reason."""
    sample = {str(row): reasons[row] for row in sorted(reasons)[:OFFENDERS_SHOWN]}
    return {name: dg.MetadataValue.json(sample)} if sample else {}


def warn_of_stale_statistics(context: dg.AssetExecutionContext, tables: Sequence[str]) -> None:
    """Log a warning that names the tables on which ANALYZE had no effect."""
    if tables:
        context.log.warning(
            f"ANALYZE had no effect on {', '.join(tables)}: our role does not own them. Have their "
            "owner run it; stale statistics make queries slow."
        )
