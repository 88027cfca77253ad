"""What became of each library row of a run, counted so that the sum is right."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import quantiles

from wxyc_assets.domain.candidates import Cohort


class Outcome(StrEnum):
    """What became of one library row; the value is the counter's name at the station."""

    RESOLVED = "rows_resolved"
    RESOLVED_COMPILATION = "rows_resolved_compilation"
    UNRESOLVED = "rows_unresolved"
    COMPILATION = "rows_skipped.compilation"
    LML_ERROR = "rows_skipped.lml_error"
    LML_REFUSED = "rows_skipped.lml_refused"
    WRITER_ERROR = "rows_skipped.writer_error"
    CARDINALITY_MISMATCH = "rows_skipped.lml_cardinality_mismatch"
    UNTRUSTED_LIBRARY_ID = "rows_skipped.lml_untrusted_library_id"


UNANSWERED = frozenset(
    {Outcome.LML_ERROR, Outcome.CARDINALITY_MISMATCH, Outcome.UNTRUSTED_LIBRARY_ID}
)


class MiscountedRows(AssertionError):
    """The outcomes do not add up to the rows that were scanned: a defect of ours."""


@dataclass(slots=True)
class Tally:
    """Counts of one cohort: library rows by outcome, LML calls, and smaller things by name."""

    scanned: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter[Outcome])
    latencies_ms: list[float] = field(default_factory=list[float])
    details: Counter[str] = field(default_factory=Counter[str])

    def add(self, other: "Tally") -> None:
        self.scanned += other.scanned
        self.outcomes.update(other.outcomes)
        self.latencies_ms.extend(other.latencies_ms)
        self.details.update(other.details)

    def check(self) -> None:
        """Raises MiscountedRows unless scanned == the sum over all outcomes."""
        if self.scanned != self.outcomes.total():
            raise MiscountedRows(f"scanned {self.scanned} rows, counted {dict(self.outcomes)}")

    def figures(self) -> dict[str, float]:
        """Every counter by the name that the station's dashboards know."""
        return {
            "scanned": self.scanned,
            **{outcome.value: self.outcomes[outcome] for outcome in Outcome},
            "lml_total_calls": len(self.latencies_ms),
            "lml_total_latency_ms": round(sum(self.latencies_ms)),
            **self.details,
        }


def by_cohort(tallies: Mapping[Cohort, Tally]) -> dict[str, float]:
    """The figures of each cohort's tally, as `consumer.va.scanned` and so on."""
    return {
        f"consumer.{cohort}.{name}": number
        for cohort, tally in tallies.items()
        for name, number in tally.figures().items()
    }


def percentiles(values: Iterable[float]) -> dict[str, float]:
    """p50 and p95; nothing where there is nothing to rank."""
    ranked = sorted(values)
    if not ranked:
        return {}
    if len(ranked) == 1:
        return {"p50": ranked[0], "p95": ranked[0]}
    cuts = quantiles(ranked, n=20, method="inclusive")
    return {"p50": cuts[9], "p95": cuts[18]}
