"""Records that are not in the tables, and how many a range, a run or the library may hold."""

ALWAYS_TOLERATED = 3
"""Records: in a small range a share would be less than one."""


def are_tolerable(refused: int, records: int, max_share: float) -> bool:
    """Return True if so few of a range's records could not be written that it is complete."""
    return refused <= max(ALWAYS_TOLERATED, records * max_share)


def are_written(missing: int, stored: int, max_share: float) -> bool:
    """Return True if what is stored is in the tables, but for a few; never if nothing is.

    The rule of MAX_NOT_WRITTEN, for the checks on a run and for those on the library.
    """
    return not missing or (missing < stored and are_tolerable(missing, stored, max_share))
