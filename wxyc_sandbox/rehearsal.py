"""Rehearsal of the rotation's refresh, to choose its rate and batch size.

The production code (batches, retries, budget) runs against the pretend LML in simulated time,
alongside a baseline of other callers: an hour of LML takes about a second.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import product
from random import Random

import httpx

from wxyc_assets.adapters.budget.shared_budget import open_budget
from wxyc_assets.adapters.lml import client as production
from wxyc_assets.adapters.lml.retry import RetryPolicy
from wxyc_assets.domain.counters import percentiles
from wxyc_assets.domain.refreshes import affordable_batch
from wxyc_assets.flows.rotation.cache_refresh import CacheRefresh, RefreshOptions
from wxyc_sandbox.in_memory_budget import InMemoryBudget
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.virtual_time import run_virtually

RUNTIME_PER_MINUTE = 20.0
"""Discogs requests per minute to be left to runtime callers."""
IDENTITIES = 400
"""About the number of identities in rotation."""
WARM_SHARE = 0.9
SEED = 1994


@dataclass(frozen=True, slots=True)
class Model:
    """LML's access to Discogs: workers, each with its share of the rate (docs/contracts/lml.md)."""

    name: str
    workers: int
    per_worker_per_minute: float

    @property
    def per_minute(self) -> float:
        return self.workers * self.per_worker_per_minute


PRODUCTION = Model("3 x 16", workers=3, per_worker_per_minute=16)
SINGLE = Model("1 x 50", workers=1, per_worker_per_minute=50)


@dataclass(frozen=True, slots=True)
class RefreshSetting:
    """The settings under our control; a rate of 0 is unlimited."""

    rate: float
    batch_size: int
    in_flight: int = 1


@dataclass(frozen=True, slots=True)
class RehearsalScenario:
    """The conditions beyond our control; `others` are Discogs requests per minute of others."""

    model: Model = PRODUCTION
    is_warm: bool = False
    others: float = RUNTIME_PER_MINUTE
    identities: int = IDENTITIES


def scenarios(others: float) -> list[RehearsalScenario]:
    """Return the scenarios beside this many requests per minute of others.

    The first is the worst case, on which the recommendation is based.
    """
    models = product((PRODUCTION, SINGLE), (False, True))
    return [RehearsalScenario(model, is_warm, others) for model, is_warm in models]


SETTINGS = tuple(
    dict.fromkeys(
        RefreshSetting(rate, affordable_batch(batch_size, rate), in_flight)
        for in_flight in (1, 2)
        for rate in (10, 15, 20, 30, 0)
        for batch_size in (5, 10, 20, 50)
    )
)


@dataclass(frozen=True, slots=True)
class Spread:
    """The distribution of durations, in seconds."""

    p50: float
    p95: float
    max: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> "Spread":
        ranked = sorted(seconds) or [0.0]
        return cls(**percentiles(ranked), max=ranked[-1])


@dataclass(frozen=True, slots=True)
class RehearsalOutcome:
    """The result of one rehearsal; `requests` are those that reach Discogs per minute."""

    scenario: RehearsalScenario
    setting: RefreshSetting | None
    """None: the other callers alone."""
    minutes: float
    requests: float
    most_requests: int
    most_of_ours: int
    """Our requests in any 60 seconds, at most; the others are all callers, by the clock."""
    batches: Spread
    others: Spread
    """The time that other callers wait for one Discogs request."""
    edge_timeouts: int
    failed: int


@dataclass(slots=True)
class OtherCallers:
    """Other callers, sending single Discogs requests at random times through random workers."""

    lml: PretendLml
    per_minute: float
    random: Random
    waits: list[float] = field(default_factory=list[float])

    @asynccontextmanager
    async def calling(self) -> AsyncGenerator[None]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._keep_calling(group))
            yield
            task.cancel()

    async def _keep_calling(self, group: asyncio.TaskGroup) -> None:
        while self.per_minute:
            await asyncio.sleep(self.random.expovariate(self.per_minute / 60))
            group.create_task(self._call())

    async def _call(self) -> None:
        began = asyncio.get_running_loop().time()
        await self.lml.discogs.request(1, self.random.randrange(self.lml.settings.workers))
        self.waits.append(asyncio.get_running_loop().time() - began)


def rehearse(scenario: RehearsalScenario, setting: RefreshSetting | None) -> RehearsalOutcome:
    """Rehearse one refresh of the whole rotation; without a setting, an hour of others alone."""
    return run_virtually(_rehearse(scenario, setting))


def rehearse_all(
    scenarios: Iterable[RehearsalScenario], settings: Iterable[RefreshSetting]
) -> Iterator[RehearsalOutcome]:
    """Rehearse every setting in every scenario, in the given order, the others alone first."""
    chosen = [None, *settings]
    for scenario, setting in product(scenarios, chosen):
        yield rehearse(scenario, setting)


async def _rehearse(
    scenario: RehearsalScenario, setting: RefreshSetting | None
) -> RehearsalOutcome:
    lml = PretendLml(
        LmlSettings(
            workers=scenario.model.workers,
            discogs_per_worker_per_minute=scenario.model.per_worker_per_minute,
            warm_share=WARM_SHARE if scenario.is_warm else 0.0,
        )
    )
    others = OtherCallers(lml, scenario.others, Random(SEED))
    durations: list[float] = []
    failed = 0
    async with others.calling():
        if setting is None:
            await asyncio.sleep(3_600)
        else:
            durations, failed = await _refresh(lml, scenario, setting)
        seconds = asyncio.get_running_loop().time()
        requests = lml.discogs.requests
    return RehearsalOutcome(
        scenario=scenario,
        setting=setting,
        minutes=seconds / 60,
        requests=requests / seconds * 60,
        most_requests=max(lml.discogs.requests_by_minute.values(), default=0),
        most_of_ours=lml.discogs.busiest_minute,
        batches=Spread.of(durations),
        others=Spread.of(others.waits),
        edge_timeouts=lml.counters.statuses["refresh"][504],
        failed=failed,
    )


async def _refresh(
    lml: PretendLml, scenario: RehearsalScenario, setting: RefreshSetting
) -> tuple[list[float], int]:
    """Refresh all identities; return the answered calls' durations and the failures."""
    async with (
        open_budget(
            InMemoryBudget(), max_in_flight=setting.in_flight, per_minute=setting.rate
        ) as budget,
        production.open_lml(
            "http://lml",
            api_key=None,
            budget=budget,
            timeout_seconds=60,
            transport=httpx.ASGITransport(app=lml),
        ) as client,
    ):
        options = RefreshOptions(
            batch_size=affordable_batch(setting.batch_size, setting.rate),
            max_in_flight=setting.in_flight,
            pause_seconds=30,
            retry_policy=RetryPolicy(),
            breaker_ceiling_seconds=1_800,
        )
        refresh = CacheRefresh(client, options, on_drift=_ignore, on_batch=_ignore)
        report = await refresh.run(range(1, scenario.identities + 1))
    return [each / 1000 for each in report.latencies_ms], len(report.failed)


def _ignore(*_: object) -> None:
    pass
