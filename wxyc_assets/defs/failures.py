"""Bad news from below, in the words of Dagster."""

from collections.abc import Generator
from contextlib import contextmanager

import dagster as dg

from wxyc_assets.adapters.database import DatabaseError
from wxyc_assets.adapters.lml import LmlError


@contextmanager
def told_to_dagster() -> Generator[None]:
    """Turns an adapter's error, alone or in a group, into one Failure with its message."""
    try:
        yield
    except (DatabaseError, LmlError) as error:
        raise dg.Failure(str(error)) from error
    except BaseExceptionGroup as group:
        ours, rest = group.split((DatabaseError, LmlError))
        if ours is None or rest is not None:
            raise
        raise dg.Failure(str(_first(ours))) from group


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
