"""The numbers of a whole library that a snapshot keeps, by name."""

from collections.abc import Mapping
from enum import StrEnum
from typing import cast


class Count(StrEnum):
    """The numbers in `coverage_snapshot.counts`; those of every snapshot, without exception."""

    RECORDS = "records"
    NAMED_RECORDS = "named_records"
    IN_SCOPE = "in_scope"
    IDENTITIES = "identities"
    IDENTITIES_IN_SCOPE = "identities_in_scope"
    SOURCES = "sources"
    COVERS_THERE = "covers_there"
    COVERS_WANTED = "covers_wanted"
    CREDITS = "credits"
    CREDITS_LINKED = "credits_linked"
    COMPILATIONS_MATCHED = "compilations_matched"
    ARTISTS_ON_DISCOGS = "artists_on_discogs"
    ROTATION_ACTIVE = "rotation_active"
    ROTATION_RESOLVABLE = "rotation_resolvable"
    ROTATION_IDENTIFIED = "rotation_identified"

    NEW_UNCOVERED = "new_uncovered"
    """Records that came in lately, in scope, and that no run has asked about."""
    NEW_WITHOUT_COVER = "new_without_cover"
    """Records that came in lately and want a cover that no run has looked up."""
    VERIFIED_WITHIN_1 = "verified_within_1"
    """Identities in scope, verified within one staleness window, two, four."""
    VERIFIED_WITHIN_2 = "verified_within_2"
    VERIFIED_WITHIN_4 = "verified_within_4"
    RANGES = "ranges"
    """Ranges that hold records, and those that an identity run has completed."""
    RANGES_COMPLETED = "ranges_completed"

    ANSWERS = "answers"
    """Records with an answer about their present name."""
    ANSWERS_NOT_WRITTEN = "answers_not_written"
    COVERS_FOUND = "covers_found"
    COVERS_NOT_WRITTEN = "covers_not_written"
    COVER_FLIPS = "cover_flips"
    """Covers that LML found and that are now others: in the table, or at a later lookup."""
    ARTISTS_PER_ID = "artists_per_id"
    """The most artists that share one external id."""
    ALBUMS_PER_COVER = "albums_per_cover"

    RUN_ASKED = "run_asked"
    """Without the records that LML refused again: they are asked about for ever."""
    RUN_IDENTIFIED = "run_identified"
    RUN_COMPILATIONS = "run_compilations"
    RUN_UNRESOLVED = "run_unresolved"
    RUN_REFUSED = "run_refused"
    RUN_NOT_WRITTEN = "run_not_written"
    RUN_FIRST = "run_first"
    """Answered for the first time, outside the compilation cohort; found: with an identity."""
    RUN_FOUND = "run_found"
    RUN_REPEATED = "run_repeated"
    """Answered after an identity; confirmed: with an identity again; flips: with another one."""
    RUN_CONFIRMED = "run_confirmed"
    RUN_FLIPS = "run_flips"
    RUN_LOOKUPS = "run_lookups"
    """Without those that LML refused or left unanswered again."""
    RUN_LOOKUPS_UNKNOWN = "run_lookups_unknown"
    RUN_LOOKUPS_REFUSED = "run_lookups_refused"
    RUN_LOOKUPS_FIRST = "run_lookups_first"
    RUN_LOOKUPS_FOUND = "run_lookups_found"

    MONTH_ASKED = "month_asked"
    MONTH_IDENTIFIED = "month_identified"
    MONTH_COMPILATIONS = "month_compilations"
    MONTH_UNRESOLVED = "month_unresolved"
    MONTH_REFUSED = "month_refused"
    MONTH_NOT_WRITTEN = "month_not_written"
    MONTH_ANSWERED = "month_answered"
    """Answered outside the compilation cohort; found: with an identity. Not only first answers:
    those that hold an identity are soon repeated, and would be missing among them."""
    MONTH_FOUND = "month_found"
    MONTH_REPEATED = "month_repeated"
    MONTH_CONFIRMED = "month_confirmed"
    MONTH_FLIPS = "month_flips"
    MONTH_LOOKUPS = "month_lookups"
    MONTH_LOOKUPS_UNKNOWN = "month_lookups_unknown"
    MONTH_LOOKUPS_REFUSED = "month_lookups_refused"
    MONTH_LOOKUPS_FIRST = "month_lookups_first"
    MONTH_LOOKUPS_FOUND = "month_lookups_found"


Totals = Mapping[Count, int]
STORED_NAMES = {count.value: count for count in Count}
"""The counts by their stored names; to iterate over the enumeration took longer than reading."""


class UnreadableTotals(ValueError):
    """The stored numbers lack one, or hold something that is not a count."""


def read_totals(stored: object) -> Totals:
    """Return the numbers of a snapshot as they were stored; raises UnreadableTotals."""
    if not isinstance(stored, Mapping):
        raise UnreadableTotals("it has no counts")
    numbers = cast(Mapping[str, object], stored)
    found: dict[Count, int] = {}
    for name, count in STORED_NAMES.items():
        number = numbers.get(name)
        if type(number) is not int or number < 0:
            raise UnreadableTotals(f"its count {name} is {number!r}")
        found[count] = number
    return found
