"""A step that is told to end, by Ctrl-C or by Dagster, ends in order."""

import asyncio
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager

import dagster as dg

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible() -> Generator[None]:
    """Around the body of an async step: a signal cancels it, and Dagster hears of it at its end.

    Dagster's own handler raises wherever the event loop happens to be, and leaves its tasks and
    connections to the garbage collector. Signals reach the main thread only.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop, step = asyncio.get_running_loop(), asyncio.current_task()
    assert step is not None
    was_told = asyncio.Event()

    def interrupt() -> None:
        was_told.set()
        step.cancel()

    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    except BaseException:
        if not was_told.is_set():
            raise
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
    if was_told.is_set():
        raise dg.DagsterExecutionInterruptedError
