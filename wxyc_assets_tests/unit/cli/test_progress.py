"""The progress of a command in a terminal."""

import asyncio
from io import StringIO

from rich.console import Console

from wxyc_assets.cli.progress import bar
from wxyc_assets.domain.progress import Progress
from wxyc_assets.flows.worker_pool import in_background


async def test_a_terminal_shows_a_bar_with_what_is_done() -> None:
    screen = StringIO()
    progress = Progress("records")
    progress.begin(40)
    progress.advance(7)
    console = Console(file=screen, force_terminal=True, width=80)
    async with in_background(bar(progress, console)):
        async with asyncio.timeout(60):
            while "7/40" not in screen.getvalue():
                await asyncio.sleep(0.01)
    assert screen.getvalue().endswith("\x1b[2K")  # the bar is gone: results stand alone
