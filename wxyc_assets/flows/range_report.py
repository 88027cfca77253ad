"""The reports of ranges, and the summary of a run over them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from wxyc_assets.adapters.lml.errors import LmlError
from wxyc_assets.domain.counters import Tally
from wxyc_assets.domain.ranges import IdRange


@dataclass(slots=True, kw_only=True)
class RangeReport(ABC):
    """The outcomes of one range; refusals and write errors by library id."""

    id_range: IdRange
    refusals: dict[int, str] = field(default_factory=dict[int, str])
    write_errors: dict[int, str] = field(default_factory=dict[int, str])
    error: LmlError | None = None
    """The last one that left a record without an answer."""

    @property
    @abstractmethod
    def total(self) -> Tally[Any]:
        """The tally of all of the range's records."""

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
        """Library records that LML still owes an answer."""
        return sum(self.total.unanswered.values())

    @property
    def why_open(self) -> str:
        """The number of records without an answer, by kind, and the last error."""
        counts = ", ".join(f"{n} {kind}" for kind, n in self.total.unanswered.items())
        return counts + (f" ({self.error})" if self.error else "")


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
        """Ranges in which LML owes an answer, each with the reason."""
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
