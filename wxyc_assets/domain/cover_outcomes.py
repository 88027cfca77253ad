"""Library records that want a cover, counted by outcome so that the sum is right."""

from enum import StrEnum
from typing import ClassVar

from wxyc_assets.domain.artwork import NoCoverReason
from wxyc_assets.domain.counters import Tally


class WriteOutcome(StrEnum):
    """The outcome of a record, beside the reasons for no cover."""

    WRITTEN = "written"
    RACED = "raced"
    """Another writer had covered it meanwhile."""
    REJECTED = "rejected"
    """A person rejected this cover for this record."""
    UNWRITABLE = "unwritable"
    WITHDRAWN = "withdrawn"
    """The record was renamed, flagged or deleted before its cover was written."""
    LML_REFUSED = "lml_refused"
    """LML rejects this record."""
    LML_ERROR = "lml_error"
    """The call failed in the end; the record leaves its range open."""


class CoverTally(Tally[WriteOutcome | NoCoverReason]):
    """The tally of one range."""

    __slots__ = ()
    NAMES: ClassVar = {each: f"outcome.{each}" for each in (*WriteOutcome, *NoCoverReason)}
    UNANSWERED: ClassVar = frozenset({WriteOutcome.LML_ERROR})
