"""Errors of the adapters, and unfinished ranges, as dg.Failure."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

import dagster as dg

from wxyc_assets.adapters.lml.errors import LmlError, why_stopped
from wxyc_assets.adapters.postgres.errors import DatabaseError
from wxyc_assets.domain.ranges import IdRange

RANGES_SHOWN = 30


@contextmanager
def as_dagster_failure() -> Generator[None]:
    """Raise an adapter's error as dg.Failure with its message, and a group as its first error.

    Dagster shows an error's message, and a group's says only how many it holds. In a group, what
    is not an adapter's error wins, unchanged. Contexts may be nested: a Failure passes as it is.
    """
    try:
        yield
    except (DatabaseError, LmlError) as error:
        raise dg.Failure(str(error)) from error
    except BaseExceptionGroup as group:
        _, rest = group.split((DatabaseError, LmlError))
        if rest is not None:
            raise _first(rest) from group
        raise dg.Failure(str(_first(group))) from group


def fail_if_open(why_open: Mapping[IdRange, str], stopped: LmlError | None) -> None:
    """Raise dg.Failure if a range is open, naming each with its reason."""
    if not why_open:
        return
    left = sorted(why_open)
    lines = [f"{each.key}: {why_open[each]}" for each in left]
    why = why_stopped(stopped) if stopped else "Some records are not done."
    how_many = "1 range is open" if len(left) == 1 else f"{len(left)} ranges are open"
    raise dg.Failure(
        f"{why}\n{how_many}; every answer so far is stored, and re-executing asks only for what is "
        "missing. Re-execute the whole run, not only its failed step:\n  "
        + "\n  ".join(lines[:RANGES_SHOWN]),
        metadata={"open_ranges": dg.MetadataValue.json([each.key for each in left])},
    )


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
