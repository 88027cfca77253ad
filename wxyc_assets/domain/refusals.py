"""Writes that the database refused, and how many a range may hold and still be complete."""

ALWAYS_TOLERATED = 3
"""Records: in a small range a share would be less than one."""


def are_tolerable(refused: int, records: int, max_share: float) -> bool:
    """Return True if so few of a range's records could not be written that it is complete."""
    return refused <= max(ALWAYS_TOLERATED, records * max_share)
