"""The time that stores write and compare with."""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime | None]


def database_now() -> None:
    """Return no time: statements then take the database's now()."""
