"""Giving way to the DJs: batch jobs pause while somebody is on the air and logging."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveActivityLimits:
    """The limits of a pause (docs/contracts/backend-db.md, "Tables that are read")."""

    lookback_seconds: float
    """A track logged within them means that a DJ is on the air; 0: never pause."""
    pause_seconds: float
    """Between two looks at the flowsheet while a DJ is on the air."""
    max_pause_seconds: float
    """The longest pause; then the run stops."""
