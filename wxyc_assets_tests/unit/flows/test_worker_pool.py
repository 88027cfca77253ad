"""The worker pool: how much is in work, what waits, and how it ends."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from wxyc_assets.flows.worker_pool import WorkerPool


class Meter:
    """Jobs that know how many of them ran at once."""

    def __init__(self) -> None:
        self.running = self.most = self.done = 0

    def job(self, number: int) -> Callable[[], Awaitable[int]]:
        async def run() -> int:
            self.running += 1
            self.most = max(self.most, self.running)
            await asyncio.sleep(0.001)
            self.running -= 1
            self.done += 1
            return number

        return run


async def test_as_many_jobs_run_as_there_are_workers_and_each_returns_its_result() -> None:
    pool, meter = WorkerPool(workers=3, queue_size=1), Meter()
    async with pool.running():
        results = [await pool.submit(meter.job(number)) for number in range(20)]
    assert [await each for each in results] == [*range(20)]
    assert meter.most == 3


async def test_a_full_queue_holds_up_who_submits() -> None:
    pool, gate = WorkerPool(workers=1, queue_size=2), asyncio.Event()
    async with pool.running():
        for _ in range(3):
            await pool.submit(gate.wait)
            await asyncio.sleep(0)
        fourth = asyncio.create_task(pool.submit(gate.wait))
        await asyncio.wait([fourth], timeout=0.05)
        assert not fourth.done()
        gate.set()
        await fourth


async def test_everything_submitted_is_done_at_the_end_and_the_pool_can_be_used_again() -> None:
    pool, meter = WorkerPool(workers=2, queue_size=4), Meter()
    for done in (4, 8):
        async with pool.running():
            for number in range(4):
                await pool.submit(meter.job(number))
        assert meter.done == done


async def test_a_job_that_raises_cancels_the_others_and_the_block() -> None:
    pool = WorkerPool(workers=2, queue_size=1)
    cancelled: list[bool] = []

    async def wait_for_ever() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def fail() -> None:
        raise ZeroDivisionError

    async def work() -> None:
        async with pool.running():
            await pool.submit(wait_for_ever)
            await (await pool.submit(fail))

    with pytest.raises(BaseExceptionGroup) as caught:
        await work()
    assert caught.value.split(ZeroDivisionError)[1] is None
    assert cancelled == [True]


async def test_a_result_that_nobody_waits_for_any_more_harms_nobody() -> None:
    pool, meter = WorkerPool(workers=1, queue_size=1), Meter()
    async with pool.running():
        (await pool.submit(meter.job(1))).cancel()
        await pool.submit(meter.job(2))
    assert meter.done == 2
