"""Around a step: log lines, spans and totals, signals, and the state of its process."""

import asyncio
import signal
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache

import dagster as dg

from wxyc_assets import garbage_collector
from wxyc_assets.defs.occurrences import range_of
from wxyc_assets.defs.selection import require_selection
from wxyc_assets.settings import secret_values, settings
from wxyc_assets.telemetry import logs, sentry
from wxyc_assets.telemetry.redaction import Redaction
from wxyc_assets.telemetry.sentry import SpanName

SIGNALS = (signal.SIGINT, signal.SIGTERM)
REFRESH_SPANS = (
    SpanName("rotation-artist-backfill.run"),
    SpanName("rotation-artist-backfill.run.totals", op="rotation-artist-backfill.totals"),
)
OLD_SPANS = {
    "library_identity": (SpanName("library-identity-consumer.run"),),
    "rotation_cache": REFRESH_SPANS,
    "rotation_dry_run": REFRESH_SPANS,
}
"""The spans of the jobs before us, by our tool: the station's alerts key on their names
(docs/contracts/jobs-before-us.md)."""

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
    garbage_collector.tune()


NO_DRY_ASSET = (
    "DRY_RUN is set, and an asset cannot be materialized without writing. Run a job, each of "
    "which is a dry run now, or unset DRY_RUN."
)


class Totals(dict[str, float]):
    """A step's counters, by the names that dashboards use."""

    def add(self, counters: Mapping[str, float]) -> None:
        for name, number in counters.items():
            self[name] = self.get(name, 0) + number


@contextmanager
def instrumented(
    context: dg.AssetExecutionContext | dg.OpExecutionContext, tool: str
) -> Generator[Totals]:
    """Instrument the async body of a step of `tool`, an asset or a job; yields its totals.

    The body adds its counters to them. They are sent as the span `<tool>.totals`, even if the body
    fails. Yield no output inside: an async body would continue in another context. Raises
    dg.Failure for an asset if DRY_RUN is set, as only jobs can be dry runs, and for a run that
    selects no asset.
    """
    prepare_process()
    require_selection(context.run)
    totals = Totals()
    is_asset = isinstance(context, dg.AssetExecutionContext)
    if is_asset and settings.dry_run:
        raise dg.Failure(f"{tool} is not written: {NO_DRY_ASSET}", allow_retries=False)
    op = context.op_execution_context if is_asset else context
    with logs.about(
        tool=tool, step=str(op.op_handle), run_id=op.run_id, id_range=range_of(op.run.tags)
    ):
        logs.logger().info("step started")
        try:
            with sentry.step(tool, totals, also=_old_spans(tool)), _interruptible():
                yield totals
        except dg.DagsterExecutionInterruptedError:
            logs.logger().warning("step interrupted")
            raise
        except Exception as error:
            logs.logger().error("step failed", why=str(error), **totals)
            raise
        logs.logger().info("step ended", **{"step": "finished", **totals})


def _old_spans(tool: str) -> Sequence[SpanName]:
    return OLD_SPANS.get(tool, ()) if settings.old_spans else ()


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
