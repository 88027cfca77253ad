"""Library records of a run, counted by outcome so that the sum is right."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import quantiles
from typing import Any, ClassVar, Generic, TypeVar

from wxyc_assets.domain.candidates import Cohort


class Outcome(StrEnum):
    """The identity outcome of one library record; the value is its counter's public name."""

    RESOLVED = "rows_resolved"
    RESOLVED_COMPILATION = "rows_resolved_compilation"
    UNRESOLVED = "rows_unresolved"
    COMPILATION = "rows_skipped.compilation"
    REJECTED = "rows_rejected"
    """A person rejected everything that LML's answer says."""
    LML_ERROR = "rows_skipped.lml_error"
    LML_REFUSED = "rows_skipped.lml_refused"
    LML_INVALID = "rows_skipped.lml_invalid"
    """LML's answer breaks its contract; it is not stored, so the record is asked about again."""
    WRITER_ERROR = "rows_skipped.writer_error"
    CARDINALITY_MISMATCH = "rows_skipped.lml_cardinality_mismatch"
    UNTRUSTED_LIBRARY_ID = "rows_skipped.lml_untrusted_library_id"


UNANSWERED = frozenset(
    {Outcome.LML_ERROR, Outcome.CARDINALITY_MISMATCH, Outcome.UNTRUSTED_LIBRARY_ID}
)


OutcomeT = TypeVar("OutcomeT", bound=StrEnum)


class MiscountedRows(AssertionError):
    """The outcomes do not add up to what was scanned: a defect of ours."""


DISCOGS_REQUESTS = "discogs_requests"
"""The counter of live Discogs requests that answers took, as far as LML told them."""


@dataclass(slots=True)
class Tally(Generic[OutcomeT]):
    """Library records by outcome, LML calls, and smaller counters by name."""

    NAMES: ClassVar[Mapping[Any, str]] = {}
    """The public name of each outcome's counter."""
    UNANSWERED: ClassVar[frozenset[Any]] = frozenset()
    """Outcomes that leave a range open."""

    scanned: int = 0
    outcomes: Counter[OutcomeT] = field(default_factory=Counter[OutcomeT])
    latencies_ms: list[float] = field(default_factory=list[float])
    details: Counter[str] = field(default_factory=Counter[str])

    def add(self, other: "Tally[OutcomeT]") -> None:
        self.scanned += other.scanned
        self.outcomes.update(other.outcomes)
        self.latencies_ms.extend(other.latencies_ms)
        self.details.update(other.details)

    def check(self) -> None:
        """Raise MiscountedRows unless scanned == the sum over all outcomes."""
        if self.scanned != self.outcomes.total():
            raise MiscountedRows(f"scanned {self.scanned} rows, counted {dict(self.outcomes)}")

    @property
    def unanswered(self) -> dict[str, int]:
        """Records that LML still owes an answer, by the last word of the outcome's name."""
        counts = {each: self.outcomes[each] for each in sorted(self.UNANSWERED)}
        return {each.value.rpartition(".")[2]: n for each, n in counts.items() if n}

    def figures(self) -> dict[str, float]:
        """Every counter by its public name, also those that are 0."""
        return {
            "scanned": self.scanned,
            **{name: self.outcomes[outcome] for outcome, name in self.NAMES.items()},
            "lml_total_calls": len(self.latencies_ms),
            "lml_total_latency_ms": round(sum(self.latencies_ms)),
            **self.details,
        }


class IdentityTally(Tally[Outcome]):
    """The tally of one cohort."""

    __slots__ = ()
    NAMES: ClassVar = {each: each.value for each in Outcome}
    UNANSWERED: ClassVar = UNANSWERED


def by_cohort(tallies: Mapping[Cohort, IdentityTally]) -> dict[str, float]:
    """The figures of each cohort's tally, as `consumer.va.scanned` and so on."""
    return {
        f"consumer.{cohort}.{name}": number
        for cohort, tally in tallies.items()
        for name, number in tally.figures().items()
    }


def as_recheck(tallies: Mapping[Cohort, IdentityTally]) -> dict[str, float]:
    """The figures of the compilation cohort, which a recheck is about, as `consumer.recheck.*`.

    The jobs before us counted a recheck under this name (docs/contracts/jobs-before-us.md).
    """
    figures = tallies[Cohort.VA].figures()
    return {f"consumer.recheck.{name}": number for name, number in figures.items()}


def percentiles(values: Iterable[float]) -> dict[str, float]:
    """p50 and p95; empty for no values."""
    ranked = sorted(values)
    if not ranked:
        return {}
    if len(ranked) == 1:
        return {"p50": ranked[0], "p95": ranked[0]}
    cuts = quantiles(ranked, n=20, method="inclusive")
    return {"p50": cuts[9], "p95": cuts[18]}
