"""Polling of a condition, with a very generous timeout."""

from collections.abc import Callable
from time import monotonic, sleep

TIMEOUT_SECONDS = 900.0
POLL_SECONDS = 0.02


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until the condition is true."""
    deadline = monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert monotonic() < deadline, "condition not met in time"
        sleep(POLL_SECONDS)
