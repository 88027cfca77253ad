"""A bounded worker pool: a fixed number of workers over a bounded queue of jobs."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class WorkerPool:
    """Runs `workers` jobs at a time, while up to `queue_size` others wait."""

    def __init__(self, *, workers: int, queue_size: int) -> None:
        self._workers = workers
        self._jobs: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue(queue_size)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Run what is submitted inside, all of it before the block ends.

        A job that raises cancels the block and the other jobs, and the block raises a group.
        """
        async with in_background(*(self._work() for _ in range(self._workers))):
            yield
            await self._jobs.join()

    async def submit(self, job: Callable[[], Awaitable[T]]) -> asyncio.Future[T]:
        """Queue a job, as soon as there is room, and return its future result."""
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        async def run() -> None:
            value = await job()
            if not result.cancelled():
                result.set_result(value)

        await self._jobs.put(run)
        return result

    async def _work(self) -> None:
        while True:
            run = await self._jobs.get()
            await run()
            self._jobs.task_done()


@asynccontextmanager
async def in_background(*coroutines: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Run these beside the block and cancel them at its end; one that raises cancels the block."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in coroutines]
        yield
        for task in tasks:
            task.cancel()
