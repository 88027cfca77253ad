"""Errors of the adapters and of Dagster's storage, and unfinished ranges, as dg.Failure."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

import dagster as dg

from wxyc_assets.adapters.lml.errors import LmlError, why_stopped
from wxyc_assets.adapters.postgres.errors import DatabaseError
from wxyc_assets.domain.ranges import IdRange

RANGES_SHOWN = 30
OF_ADAPTERS = (DatabaseError, LmlError)


@contextmanager
def as_dagster_failure() -> Generator[None]:
    """Raise an adapter's error as dg.Failure with its message, and a group as its first error.

    Dagster shows an error's message, and a group's says only how many it holds. In a group, what
    is not an adapter's error wins. A lost connection to Dagster's storage becomes a Failure, too;
    anything else is raised unchanged. Contexts may be nested: a Failure passes as it is.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        _, rest = group.split(OF_ADAPTERS)
        raise _as_failure(_first(rest or group)) from group
    except Exception as error:
        failure = _as_failure(error)
        if failure is error:
            raise
        raise failure from error


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


def _as_failure(error: BaseException) -> BaseException:
    if isinstance(error, OF_ADAPTERS):
        return dg.Failure(str(error))
    # Imported late: it takes 0.4 s, which commands without a run need not wait for.
    from wxyc_assets.defs.dagster_storage import AWAY

    if not isinstance(error, AWAY):
        return error
    why = str(error).partition("\n")[0]  # the lines behind it quote the statement
    return dg.Failure(
        f"Dagster's storage went away: {why}. Every answer so far is stored; run again."
    )


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
