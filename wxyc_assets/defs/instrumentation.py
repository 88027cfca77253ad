"""What surrounds a step: log lines, spans and totals, signals, and the state of its process."""

import asyncio
import gc
import signal
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import cache

import dagster as dg

from wxyc_assets.settings import secret_values, settings
from wxyc_assets.telemetry import logs, sentry
from wxyc_assets.telemetry.redaction import Redaction

SIGNALS = (signal.SIGINT, signal.SIGTERM)


_preparing = threading.Lock()


def prepare_process() -> None:
    """Start logs and Sentry and tune the garbage collector, once per process.

    Steps and sensors do so when they begin; importing the code location has no effects.
    """
    with _preparing:
        _prepare_once()


@cache
def _prepare_once() -> None:
    redaction = Redaction(secret_values())
    logs.start(redaction)
    if not sentry.is_on():
        sentry.start(redaction, sample_rate=settings.sentry_traces_sample_rate)
    # An answer of LML's is ten thousand new objects. Python would look for cycles among them, and
    # in all that Dagster loaded, again and again: that was three tenths of a run's CPU time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


class Totals(dict[str, float]):
    """A step's counters by the name that the dashboards know."""

    def add(self, figures: Mapping[str, float]) -> None:
        for name, number in figures.items():
            self[name] = self.get(name, 0) + number


@contextmanager
def instrumented(
    context: dg.AssetExecutionContext | dg.OpExecutionContext, tool: str
) -> Generator[Totals]:
    """Around the async body of a step of `tool`, an asset or a job; its counts go into the totals.

    They are sent as the span `<tool>.totals`, also when the body fails. Yield no output inside:
    an async body continues in another context then.
    """
    prepare_process()
    totals = Totals()
    op = context.op_execution_context if isinstance(context, dg.AssetExecutionContext) else context
    with logs.about(tool=tool, step=str(op.op_handle), run_id=op.run_id, id_range=_id_range(op)):
        logs.logger().info("step started")
        try:
            with sentry.step(tool, totals), _interruptible():
                yield totals
        except dg.DagsterExecutionInterruptedError:
            logs.logger().warning("step interrupted")
            raise
        except Exception as error:
            logs.logger().error("step failed", why=str(error))
            raise
        logs.logger().info("step ended")


@contextmanager
def _interruptible() -> Generator[None]:
    """Cancel the async step around which this stands when a signal arrives, then tell Dagster.

    Dagster's own handler raises wherever the event loop happens to be, and leaves its tasks and
    connections to the garbage collector. Signals reach the main thread only.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop, step = asyncio.get_running_loop(), asyncio.current_task()
    assert step is not None
    was_signalled = asyncio.Event()

    def interrupt() -> None:
        was_signalled.set()
        step.cancel()

    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    except BaseException:
        if not was_signalled.is_set():
            raise
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
    if was_signalled.is_set():
        raise dg.DagsterExecutionInterruptedError


def _id_range(context: dg.OpExecutionContext) -> str | None:
    if not context.has_partition_key and not context.has_partition_key_range:
        return None
    keys = context.partition_key_range
    return f"{keys.start.partition('-')[0]}-{keys.end.rpartition('-')[2]}"
