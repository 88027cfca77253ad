"""The account of one range: every library row that wanted a cover, by what became of it."""

from dataclasses import dataclass, field

from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.adapters.postgres.artwork_store import CoverCounts, RangeWorklist
from wxyc_assets.domain.artwork import ShownCover
from wxyc_assets.domain.cover_outcomes import CoverTally, WriteOutcome
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.artwork.cover_lookup import RangeLookups
from wxyc_assets.flows.artwork.write_covers import CoverWriteResult


@dataclass(slots=True)
class ArtworkReport:
    """What became of one range; refusals and write errors by library id."""

    id_range: IdRange
    eligible: int
    resting: int
    tally: CoverTally
    covered: CoverCounts
    first_covers: list[ShownCover]
    latencies_ms: list[float]
    refusals: dict[int, str]
    write_errors: dict[int, str] = field(default_factory=dict[int, str])
    error: LmlError | None = None

    @property
    def open_rows(self) -> int:
        """Library rows that LML still owes an answer."""
        return self.tally.outcomes[WriteOutcome.LML_ERROR]

    @property
    def why_open(self) -> str:
        """How many rows have no answer, and the last error."""
        return f"{self.open_rows} lml_error" + (f" ({self.error})" if self.error else "")

    @property
    def share_covered(self) -> float:
        """Rows with a cover, whoever wrote it, among all that are eligible or were; 1 for none."""
        return self.covered.covered / self.covered.albums if self.covered.albums else 1.0

    def figures(self) -> dict[str, int]:
        """Every counter by name."""
        return {
            "eligible": self.eligible,
            "resting": self.resting,
            **self.tally.figures(),
            "lml_total_calls": len(self.latencies_ms),
            "lml_total_latency_ms": round(sum(self.latencies_ms)),
        }


def build_report(
    id_range: IdRange,
    wanted: RangeWorklist,
    lookups: RangeLookups,
    written: CoverWriteResult,
    covered: CoverCounts,
    first_covers: list[ShownCover],
) -> ArtworkReport:
    """The report of a range; raises MiscountedRows when a row was lost or counted twice."""
    tally = lookups.tally
    stored = lookups.covers | wanted.waiting
    tally.scanned += len((wanted.waiting | written.library_ids) - lookups.covers)
    tally.outcomes[WriteOutcome.WRITTEN] += len(written.written)
    tally.outcomes[WriteOutcome.RACED] += len(written.raced)
    tally.outcomes[WriteOutcome.UNWRITABLE] += len(written.unwritable)
    tally.outcomes[WriteOutcome.WITHDRAWN] += len(stored - written.library_ids)
    tally.check()
    return ArtworkReport(
        id_range=id_range,
        eligible=wanted.eligible,
        resting=wanted.resting,
        tally=tally,
        covered=covered,
        first_covers=first_covers,
        latencies_ms=lookups.latencies_ms,
        refusals=lookups.refusals,
        write_errors=written.unwritable,
        error=lookups.error,
    )
