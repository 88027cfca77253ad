"""Batches of rows, and the bisection of one that fails."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from math import ceil, log2
from typing import TypeVar

Row = TypeVar("Row")
Error = TypeVar("Error", bound=Exception)


def halves(rows: Sequence[Row]) -> tuple[Sequence[Row], Sequence[Row]]:
    """The first and the second half of two or more rows."""
    middle = len(rows) // 2
    return rows[:middle], rows[middle:]


async def bisect(
    batch: Sequence[Row],
    attempt: Callable[[Sequence[Row]], Awaitable[Error | None]],
    error: Error,
) -> dict[Row, Error]:
    """Return the rows of a batch that fail alone, each with its error.

    `error` is the batch's own. `attempt` is called with ever smaller parts, in order, depth first;
    it returns the error of a part that is to be halved again.
    """
    if len(batch) == 1:
        return {batch[0]: error}
    culprits: dict[Row, Error] = {}
    for half in halves(batch):
        error_of_half = await attempt(half)
        if error_of_half is not None:
            culprits |= await bisect(half, attempt, error_of_half)
    return culprits


def most_failures_in_a_row(rows: int, *, bad_neighbours: int = 2) -> int:
    """Return how often the parts of a batch may fail in a row before no row can be to blame.

    One bad row fails once per level, and its neighbour may be bad too. Without a single success in
    between, more than twice the depth means that the other side is ill.
    """
    return bad_neighbours * ceil(log2(max(rows, 2))) + 2


def batched(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    """Slices of `size` rows, the last one shorter."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
