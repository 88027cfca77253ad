"""The progress of a command: a bar in a terminal, a line now and then anywhere else."""

import asyncio

from rich import progress as rich
from rich.console import Console

from wxyc_assets.cli.console import err
from wxyc_assets.domain.progress import Progress
from wxyc_assets.flows.heartbeat import Watch, telling

REDRAW_SECONDS = 0.2


def progress_on_stderr() -> Watch:
    """Return what shows the progress of a command."""
    return bar if err.is_terminal else telling(_print)


async def bar(progress: Progress, console: Console = err) -> None:
    """Draw a bar until it is cancelled; its length is the total, as far as that is known."""
    columns = (
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TextColumn("{task.description}"),
        rich.TimeRemainingColumn(),
    )
    with rich.Progress(*columns, console=console, transient=True) as drawn:
        task = drawn.add_task(progress.unit, total=None)
        while True:
            drawn.update(task, completed=progress.done, total=progress.total or None)
            await asyncio.sleep(REDRAW_SECONDS)


def _print(line: str) -> None:
    err.print(line, soft_wrap=True, highlight=False, markup=False)
