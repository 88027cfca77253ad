"""The report of one range: every library record that wants a cover, by outcome."""

from dataclasses import dataclass

from wxyc_assets.adapters.postgres.artwork_store import CoverCounts
from wxyc_assets.domain.artwork import ShownCover
from wxyc_assets.domain.cover_outcomes import CoverTally, WriteOutcome
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.artwork.range_lookups import RangeLookups
from wxyc_assets.flows.artwork.write_covers import CoverWriteResult
from wxyc_assets.flows.range_report import RangeReport


@dataclass(slots=True, kw_only=True)
class ArtworkReport(RangeReport):
    """The outcomes of one range, and how far it is covered."""

    eligible: int
    resting: int
    tally: CoverTally
    covered: CoverCounts
    first_covers: list[ShownCover]

    @property
    def total(self) -> CoverTally:
        return self.tally

    @property
    def found(self) -> str:
        outcomes = self.tally.outcomes
        return f"{outcomes[WriteOutcome.WRITTEN] + outcomes[WriteOutcome.RACED]:,} covered"

    @property
    def touched(self) -> frozenset[str]:
        has_stored = bool(self.tally.latencies_ms or self.refusals)
        has_written = bool(self.tally.outcomes[WriteOutcome.WRITTEN])
        tables = {"artwork_lookup": has_stored, "library": has_written}
        return frozenset(name for name, has_changed in tables.items() if has_changed)

    @property
    def share_covered(self) -> float:
        """Records with any cover, as a share of all that are or were eligible; 1 if none are."""
        return self.covered.covered / self.covered.albums if self.covered.albums else 1.0

    def figures(self) -> dict[str, float]:
        return {"eligible": self.eligible, "resting": self.resting, **self.tally.figures()}


def build_report(
    id_range: IdRange,
    lookups: RangeLookups,
    written: CoverWriteResult,
    covered: CoverCounts,
    first_covers: list[ShownCover],
    *,
    max_refused_writes: float,
) -> ArtworkReport:
    """Return the report of a range; raises MiscountedRows when a row was lost or counted twice."""
    tally, waiting = lookups.tally, lookups.worklist.waiting
    tally.scanned += len((waiting | written.library_ids) - lookups.covers)
    tally.outcomes[WriteOutcome.WRITTEN] += len(written.written)
    tally.outcomes[WriteOutcome.RACED] += len(written.raced)
    tally.outcomes[WriteOutcome.REJECTED] += len(written.rejected)
    tally.outcomes[WriteOutcome.UNWRITABLE] += len(written.unwritable)
    tally.outcomes[WriteOutcome.WITHDRAWN] += len((lookups.covers | waiting) - written.library_ids)
    tally.check()
    return ArtworkReport(
        id_range=id_range,
        max_refused_writes=max_refused_writes,
        eligible=lookups.worklist.eligible,
        resting=lookups.worklist.resting,
        tally=tally,
        covered=covered,
        first_covers=first_covers,
        refusals=lookups.refusals,
        write_errors=written.unwritable,
        error=lookups.error,
    )
