"""One database and one pretend LML, and a run as the graph makes it."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
from starlette.types import ASGIApp

from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.adapters.lml.retry import GiveWay, RetryPolicy
from wxyc_assets.adapters.postgres import database
from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.domain.progress import Progress
from wxyc_assets.domain.ranges import IdRange, tile
from wxyc_assets.flows.identity.pipeline import IdentityOptions, IdentityPipeline, PageSizes
from wxyc_assets.flows.identity.report import IdentityReport
from wxyc_assets.flows.range_report import RunSummary
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.sample_library import RECORDS, few_credits
from wxyc_assets_tests.support.unlimited_budget import UnlimitedBudget
from wxyc_sandbox.lml.app import PretendLml as PretendLml
from wxyc_sandbox.lml.faults import Fault

RANGES = list(tile(RECORDS, 60))
NARROW, WIDE, RECHECK = Scope(), Scope(include_null_canonical=True), Scope(recheck=True)
SMALL_PAGES = PageSizes(batch_size=20, va_batch_size=5)
NOT_LATER = RetryPolicy(attempts=1)
MAX_REFUSED_WRITES = 0.001


@dataclass
class IdentityHarness:
    """One database and one pretend LML; `run` does what the graph does."""

    url: str
    pretend: PretendLml = field(default_factory=lambda: PretendLml(AT_ONCE, credits=few_credits))
    reports: list[IdentityReport] = field(default_factory=list)
    connect: Callable[[PretendLml], AbstractAsyncContextManager[lml.LmlClient]] = field(
        default_factory=lambda: mounted
    )

    progress: Progress = field(default_factory=lambda: Progress("records"))
    """Of the last run."""

    def __post_init__(self) -> None:
        self.backend_db = BackendDb(self.url)

    @property
    def asked(self) -> set[int]:
        return {*self.pretend.counters.answered}

    @property
    def calls(self) -> int:
        return self.pretend.counters.calls["resolve"]

    async def run(
        self,
        scope: Scope = WIDE,
        *,
        ranges: Sequence[IdRange] = RANGES,
        candidates: bool = True,
        asks: bool = True,
        applies: bool = True,
        faults: Sequence[Fault] = (),
        retry_policy: RetryPolicy = NOT_LATER,
        sizes: PageSizes = SMALL_PAGES,
        in_flight: int = 2,
        give_way: GiveWay | None = None,
    ) -> RunSummary[IdentityReport]:
        self.pretend.faults = faults
        async with AsyncExitStack() as stack:
            opened = await stack.enter_async_context(opening(self.url))
            client = await stack.enter_async_context(self.connect(self.pretend))
            library = IdentityStore(opened)
            for id_range in ranges if candidates else ():
                await library.put_candidates(id_range, scope, uuid4().hex)
            options = IdentityOptions(
                run_id="run",
                scope=scope,
                page_sizes=sizes,
                retry_policy=retry_policy,
                max_in_flight=in_flight,
                max_refused_writes=MAX_REFUSED_WRITES,
                applies=applies,
            )
            pipeline = IdentityPipeline(library, client if asks else None, options, give_way)
            self.reports = []
            self.progress = pipeline.progress
            return await pipeline.run(ranges, self.reports.append)

    def figure(self, name: str) -> float:
        return sum(each.total.figures().get(name, 0) for each in self.reports)


@asynccontextmanager
async def opening(url: str) -> AsyncGenerator[database.Database]:
    async with database.open_database(
        url, schema="wxyc_schema", assets_schema="wxyc_assets", max_connections=14
    ) as opened:
        yield opened


@asynccontextmanager
async def mounted(pretend: PretendLml | ASGIApp) -> AsyncGenerator[lml.LmlClient]:
    transport = httpx.ASGITransport(app=pretend)  # pyright: ignore[reportArgumentType]
    async with lml.open_lml(
        "http://lml",
        api_key=None,
        budget=UnlimitedBudget(),
        timeout_seconds=60,
        transport=transport,
    ) as client:
        yield client
