"""LML's circuit breaker: each worker has its own, and only a live request advances it."""

import asyncio
from typing import Any

import httpx

from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.virtual_time import run_virtually

COOLDOWN = LmlSettings().breaker_cooldown_seconds


def health_of(http: httpx.AsyncClient) -> Any:
    async def ask() -> tuple[str, int]:
        said = (await http.get("/health")).json()
        return said["discogs_breaker_state"], said["discogs_live_requests_total"]

    return ask()


def over(lml: PretendLml) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=lml), base_url="http://lml")


def test_reading_health_never_advances_it() -> None:
    async def work() -> list[tuple[str, int]]:
        async with over(PretendLml(LmlSettings(breaker="open", workers=1))) as http:
            seen = [await health_of(http)]
            await asyncio.sleep(100 * COOLDOWN)
            return [*seen, await health_of(http)]

    assert run_virtually(work()) == [("open", 0), ("open", 0)]


def test_after_the_cooldown_one_request_closes_it() -> None:
    async def work() -> None:
        lml = PretendLml(LmlSettings(breaker="open", workers=1))
        assert await lml.discogs.request(1, 0) == "shed"
        await asyncio.sleep(COOLDOWN - 1)
        assert await lml.discogs.request(1, 0) == "shed"
        await asyncio.sleep(1)
        assert await lml.discogs.request(2, 0) == "served"
        assert lml.discogs.breakers[0].state == "closed"
        assert (lml.discogs.breakers[0].live_requests, lml.discogs.breakers[0].shed) == (4, 2)

    run_virtually(work())


def test_a_trial_that_discogs_refuses_opens_it_for_another_cooldown() -> None:
    async def work() -> None:
        lml = PretendLml(LmlSettings(workers=1, discogs_refuses=True))
        refused = [await lml.discogs.request(5, 0) for _ in range(4)]
        assert refused == ["refused", "refused", "refused", "shed"]
        await asyncio.sleep(COOLDOWN)
        assert [await lml.discogs.request(1, 0) for _ in range(2)] == ["refused", "shed"]
        assert lml.discogs.requests == 4

    run_virtually(work())


def test_half_open_sheds_everything_but_its_trial() -> None:
    async def work() -> None:
        settings = LmlSettings(breaker="open", workers=1, discogs_per_worker_per_minute=1)
        lml = PretendLml(settings)
        assert await lml.discogs.request(1, 0) == "shed"
        lml.discogs.breakers[0].opened_at = -COOLDOWN
        lml.discogs.breakers[0].state = "closed"
        await lml.discogs.request(1, 0)  # so that the trial has to wait
        lml.discogs.breakers[0].state = "open"
        trial = asyncio.create_task(lml.discogs.request(1, 0))
        await asyncio.sleep(30)
        assert lml.discogs.breakers[0].state == "half-open"
        assert await trial == "served"
        lml.configure(breaker="half-open")
        assert await lml.discogs.request(1, 0) == "shed"
        await asyncio.sleep(10 * COOLDOWN)
        assert await lml.discogs.request(1, 0) == "shed"

    run_virtually(work())


def test_workers_answer_in_turn_each_with_a_count_and_a_breaker_of_its_own() -> None:
    async def work() -> None:
        lml = PretendLml(LmlSettings(breaker="open"))
        for worker, times in enumerate((1, 2, 3)):
            for _ in range(times):
                await lml.discogs.request(1, worker)
        lml.discogs.restart(1)
        async with over(lml) as http:
            seen = [await health_of(http) for _ in range(3)]
        assert seen == [("open", 1), ("closed", 1), ("open", 3)]  # it counts its own request

    run_virtually(work())


def test_without_discogs_there_is_no_breaker() -> None:
    async def work() -> tuple[Any, str]:
        lml = PretendLml(LmlSettings(breaker=None))
        async with over(lml) as http:
            return await health_of(http), await lml.discogs.request(1, 0)

    assert run_virtually(work()) == ((None, 0), "shed")
