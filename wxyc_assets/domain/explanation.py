"""Everything known about one record: its state, what was asked and written, and what comes next."""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from wxyc_assets.domain.candidates import NotDue, Reason


class CoverStep(StrEnum):
    """The next run's step towards a record's cover."""

    NOT_WANTED = "not_wanted"
    """The record is outside the covers' eligibility."""
    NONE = "none"
    """The cover is there."""
    LOOK_UP = "due"
    WRITE = "to_write"
    DECIDE = "to_decide"
    """The stored answer was decided on by other rules."""
    CONFIRM = "unconfirmed"
    WAIT = "waiting_to_retry"


@dataclass(frozen=True, slots=True)
class Explanation:
    """The state of one record; `facts` are the table rows about it, or None."""

    library_id: int
    artist_name: str | None
    album_title: str
    id_range: str | None
    """None: the record lies past the last range."""
    cohort: str
    due_now: Reason | None
    not_due_because: NotDue | None
    due_at: datetime | None
    """The moment from which LML is asked; None: not under the present rules."""
    cover_step: CoverStep
    cover_due_at: datetime | None
    """The end of the wait, if the step is to wait."""
    facts: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the explanation for `--json`."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(self).items()
        }
