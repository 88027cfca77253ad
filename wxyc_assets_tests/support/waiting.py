"""Waiting until something is so, with far more patience than anything here needs."""

from collections.abc import Callable
from time import monotonic, sleep

PATIENCE_SECONDS = 120.0
POLL_SECONDS = 0.003


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert monotonic() < deadline, "we wait in vain"
        sleep(POLL_SECONDS)
