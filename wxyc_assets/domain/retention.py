"""Retention: for how long each kind of row is kept."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionWindows:
    """Windows in days, after which rows of our own tables are swept."""

    deleted_record_days: float
    """What is kept about a record that the Backend deleted."""
    alert_days: float
    """Delivered alerts."""
    candidate_days: float
    """Candidates that no run has found due since."""
    journal_days: float
    """What runs changed: as long as they can be reverted."""
    snapshot_days: float
    """Every coverage snapshot; later, one per week and scope, and the totals of accepted ones."""
