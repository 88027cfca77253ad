"""A sentence about a run's progress now and then, for whoever waits for it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from wxyc_assets.domain.progress import Progress
from wxyc_assets.flows.worker_pool import in_background

FIRST_SECONDS = 10.0
LONGEST_SECONDS = 60.0

Watch = Callable[[Progress], Coroutine[Any, Any, None]]
"""Shows a progress until it is cancelled."""


async def heartbeat(
    progress: Progress,
    tell: Callable[[str], None],
    first_seconds: float = FIRST_SECONDS,
) -> None:
    """Tell the progress after ten seconds, then at growing intervals of up to a minute."""
    clock = asyncio.get_running_loop()
    began, pause = clock.time(), first_seconds
    while True:
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_SECONDS)
        await asyncio.to_thread(tell, progress.sentence(clock.time() - began))


def telling(tell: Callable[[str], None]) -> Watch:
    """Return a watch that tells each sentence, such as to a log."""
    return partial(heartbeat, tell=tell)


async def unwatched(_: Progress) -> None:
    """Show nothing."""


@asynccontextmanager
async def watched(watch: Watch, unit: str, units: int) -> AsyncGenerator[Progress]:
    """Yield a progress over so many units, which is shown until the end of the block."""
    progress = Progress(unit)
    progress.begin(units)
    async with in_background(watch(progress)):
        yield progress
