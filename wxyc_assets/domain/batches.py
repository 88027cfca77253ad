"""Batches of rows, and splitting one until the row that spoils it stands alone."""

from collections.abc import Iterator, Sequence
from math import ceil, log2
from typing import TypeVar

Row = TypeVar("Row")


def halves(rows: Sequence[Row]) -> tuple[Sequence[Row], Sequence[Row]]:
    """The first and the second half of two or more rows."""
    middle = len(rows) // 2
    return rows[:middle], rows[middle:]


def most_failures_in_a_row(rows: int) -> int:
    """How often the halves of a batch may fail in a row before no row can be to blame.

    One bad row fails once a level, and its neighbour may be bad too; without a single success
    between, beyond twice the depth it is the other side that is ill.
    """
    return 2 * ceil(log2(max(rows, 2))) + 2


def batched(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    """Slices of `size` rows, the last one shorter."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
