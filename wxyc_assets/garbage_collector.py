"""Python's garbage collector, which looks for cycles: not among what is here to stay."""

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def paused() -> Generator[None]:
    """Do not look for cycles inside: for imports, which make many objects and no garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def tune() -> None:
    """Pass over all that is loaded by now, and look less often.

    One answer of LML's is ten thousand new objects. Untuned, Python searches them, and all that
    Dagster loaded, for cycles again and again: three tenths of a run's CPU time.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
