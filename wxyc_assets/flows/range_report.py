"""The reports of ranges, and the summary of a run over them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.domain.counters import Tally
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.domain.refusals import are_tolerable


@dataclass(slots=True, kw_only=True)
class RangeReport(ABC):
    """The outcomes of one range; what went wrong with single records by library id."""

    id_range: IdRange
    max_refused_writes: float
    """Share of the range's records whose write may be refused; beyond it the range is open."""
    refusals: dict[int, str] = field(default_factory=dict[int, str])
    invalid: dict[int, str] = field(default_factory=dict[int, str])
    """The reasons why answers break LML's contract."""
    write_errors: dict[int, str] = field(default_factory=dict[int, str])
    error: LmlError | None = None
    """The last one that left a record without an answer."""

    @property
    @abstractmethod
    def total(self) -> Tally[Any]:
        """The tally of all of the range's records."""

    @property
    @abstractmethod
    def found(self) -> str:
        """The number of records for which LML had something, with its word."""

    @property
    def sentence(self) -> str:
        """The range in one line, for people."""
        scanned = self.total.scanned
        if not scanned:
            return f"{self.id_range.key}: nothing was due."
        records = "1 record" if scanned == 1 else f"{scanned:,} records"
        left_open = f"; it stays open: {self.why_open}" if self.open_rows else ""
        return f"{self.id_range.key}: {records}, {self.found}{left_open}."

    @property
    @abstractmethod
    def touched(self) -> frozenset[str]:
        """Tables whose contents changed enough to ANALYZE them."""

    @property
    def wrote(self) -> bool:
        """True when a table may have changed."""
        return self.total.scanned > 0

    @abstractmethod
    def figures(self) -> Mapping[str, float]:
        """Every counter by its public name."""

    @property
    def open_rows(self) -> int:
        """Library records that keep the range open: without an answer, or not written."""
        return sum(self.total.unanswered.values()) + self.unwritten

    @property
    def unwritten(self) -> int:
        """Number of records whose write was refused; 0 if there are few of them."""
        refused = len(self.write_errors)
        is_fine = are_tolerable(refused, self.total.scanned, self.max_refused_writes)
        return 0 if is_fine else refused

    @property
    def why_open(self) -> str:
        """The number of open records by kind, with an error or an example of each kind."""
        reasons: list[str] = []
        if unanswered := self.total.unanswered:
            counts = ", ".join(f"{n} {kind}" for kind, n in unanswered.items())
            examples = [f"record {row}: {self.invalid[row]}" for row in sorted(self.invalid)]
            why = self.error or next(iter(examples), None)
            reasons.append(counts + (f" ({why})" if why else ""))
        if self.unwritten:
            first = self.write_errors[min(self.write_errors)]
            reasons.append(f"{self.unwritten} not written ({first})")
        return ", ".join(reasons)


Report = TypeVar("Report", bound=RangeReport)


@dataclass(slots=True)
class RunSummary(Generic[Report]):
    """The reports of a run, and the ranges that it left out."""

    reports: list[Report] = field(default_factory=list[Report])
    not_begun: list[IdRange] = field(default_factory=list[IdRange])
    """Left out because LML was down or refused us."""
    stopped: LmlError | None = None

    @property
    def why_open(self) -> dict[IdRange, str]:
        """Ranges with records that are not answered or not written, each with the reason."""
        begun = {each.id_range: each.why_open for each in self.reports if each.open_rows}
        return begun | dict.fromkeys(self.not_begun, "not begun")

    @property
    def completed(self) -> list[IdRange]:
        """Ranges in which LML owes nothing any more."""
        return [each.id_range for each in self.reports if not each.open_rows]

    @property
    def touched(self) -> frozenset[str]:
        """Tables whose contents changed enough to ANALYZE them."""
        return frozenset[str]().union(*(each.touched for each in self.reports))
