"""A run's progress, told again and again until the run ends."""

import asyncio
from queue import SimpleQueue

from wxyc_assets.domain.progress import Progress
from wxyc_assets.flows.heartbeat import heartbeat, telling
from wxyc_assets.flows.worker_pool import in_background


async def test_it_tells_where_the_run_stands_until_its_end() -> None:
    told: SimpleQueue[str] = SimpleQueue()
    progress = Progress("records")
    progress.begin(10)
    async with in_background(heartbeat(progress, told.put, first_seconds=0)):
        first = await asyncio.to_thread(told.get)
        progress.advance(10)
        while "10 of 10 records" not in await asyncio.to_thread(told.get):
            pass
    assert first.startswith("0 of 10 records")


async def test_a_short_run_is_silent() -> None:
    told: list[str] = []
    async with in_background(telling(told.append)(Progress("records"))):
        await asyncio.sleep(0)
    assert told == []
