"""Waiting until something is so, with far more patience than anything here needs."""

from collections.abc import Callable
from time import monotonic, sleep

TIMEOUT_SECONDS = 120.0
POLL_SECONDS = 0.003


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert monotonic() < deadline, "we wait in vain"
        sleep(POLL_SECONDS)
