"""What the ranges' figures of several assets have in common, and one warning."""

from collections.abc import Mapping, Sequence

import dagster as dg

from wxyc_assets.domain.counters import percentiles

OFFENDERS_SHOWN = 10


def latencies(milliseconds: Sequence[float]) -> dict[str, dg.MetadataValue]:
    """How long LML took, as `lml_latency_ms_p50` and its like."""
    return {
        f"lml_latency_ms_{p}": dg.MetadataValue.float(ms)
        for p, ms in percentiles(milliseconds).items()
    }


def offenders(name: str, reasons: Mapping[int, str]) -> dict[str, dg.MetadataValue]:
    """The first few rows for which something went wrong, each with the reason."""
    sample = {str(row): reasons[row] for row in sorted(reasons)[:OFFENDERS_SHOWN]}
    return {name: dg.MetadataValue.json(sample)} if sample else {}


def warn_of_stale_statistics(context: dg.AssetExecutionContext, tables: Sequence[str]) -> None:
    """Says where ANALYZE was in vain."""
    if tables:
        context.log.warning(
            f"ANALYZE did not take on {', '.join(tables)}: our role does not own them. Have their "
            "owner run it; stale statistics make searches slow."
        )
