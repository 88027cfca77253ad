"""What became of each library row that wanted a cover, counted so that the sum is right."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from wxyc_assets.domain.artwork import NoCoverReason
from wxyc_assets.domain.counters import MiscountedRows


class WriteOutcome(StrEnum):
    """What became of a row, beside the rules that stand against a cover."""

    WRITTEN = "written"
    RACED = "raced"
    """Somebody else had covered it meanwhile."""
    UNWRITABLE = "unwritable"
    WITHDRAWN = "withdrawn"
    """The row was renamed, flagged or deleted while its cover was on the way."""
    LML_REFUSED = "lml_refused"
    """LML cannot digest this row."""
    LML_ERROR = "lml_error"
    """The call failed in the end; the row leaves its range open."""


@dataclass(slots=True)
class CoverTally:
    """Library rows of a range by what became of them."""

    scanned: int = 0
    outcomes: Counter[WriteOutcome | NoCoverReason] = field(
        default_factory=Counter[WriteOutcome | NoCoverReason]
    )

    def check(self) -> None:
        """Raises MiscountedRows unless scanned == the sum over all outcomes."""
        if self.scanned != self.outcomes.total():
            raise MiscountedRows(f"scanned {self.scanned} rows, counted {dict(self.outcomes)}")

    def figures(self) -> dict[str, int]:
        """Every outcome by name, also those that did not occur."""
        return {
            "scanned": self.scanned,
            **{f"outcome.{each}": self.outcomes[each] for each in (*WriteOutcome, *NoCoverReason)},
        }
