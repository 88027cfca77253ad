"""A year of ordinary nights: people work, the weekly run asks LML, and a snapshot is taken.

Once a week old rows are swept. The pipelines are those of the jobs, without Dagster around them, by
a clock that is a day ahead after each night.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import LiteralString

from wxyc_assets.adapters.lml.client import LmlClient
from wxyc_assets.adapters.lml.retry import RetryPolicy
from wxyc_assets.adapters.postgres.artwork_store import ArtworkStore
from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.adapters.postgres.retention_store import RetentionStore
from wxyc_assets.adapters.postgres.run_store import Pipeline, RunStore
from wxyc_assets.defs.library_coverage import GatesConfig
from wxyc_assets.defs.retention import windows
from wxyc_assets.domain.artwork import CoverScope
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.domain.coverage import CoverageRules
from wxyc_assets.domain.gates.result import GateResult
from wxyc_assets.domain.ranges import tile
from wxyc_assets.flows.artwork.pipeline import ArtworkOptions, ArtworkPipeline
from wxyc_assets.flows.coverage.evaluation import accept_if_passed, evaluate_newest
from wxyc_assets.flows.coverage.snapshot import take_snapshot
from wxyc_assets.flows.identity.candidates import put_candidates
from wxyc_assets.flows.identity.pipeline import IdentityOptions, IdentityPipeline, PageSizes
from wxyc_assets.settings import settings
from wxyc_assets_tests.e2e.sabotage import tampered_lml as tampered
from wxyc_assets_tests.e2e.sabotage.station import CEILING, RANGE_WIDTH, Station
from wxyc_assets_tests.integration.flows.station import mounted, opening

RANGES = [*tile(CEILING, RANGE_WIDTH)]
SCOPE, COVERS = Scope(include_null_canonical=True), CoverScope()
RULES = CoverageRules(SCOPE, COVERS)
RETRIES = RetryPolicy(attempts=3, first_wait=0, longest_wait=0, jitter=0)
NIGHTS, NIGHTS_PER_WEEK = 365, 7
RECORDS_PER_CHANGED_MIND = 200
"""Each week LML changes its mind about one record in so many."""

NEW_RECORD = """
    insert into library (
        artist_id, genre_id, format_id, album_title, code_number, legacy_release_id, artist_name,
        add_date, last_modified
    )
    select
        id, 11, 1, 'Halo ' || %(night)s, 2, 1600000 + %(night)s, artist_name, %(now)s, %(now)s
    from artists
    where id = 20 + %(night)s %% 200
"""
WITHDRAW = """
    with chosen as (
        select l.id from library l
        where l.id %% 365 >= %(night)s
        and not exists (select from rotation where album_id = l.id)
        order by l.id limit 1
    ),
    without_source as (
        delete from library_identity_source where library_id in (select id from chosen)
    ),
    without_identity as (
        delete from library_identity where library_id in (select id from chosen)
    )
    delete from library where id in (select id from chosen)
"""
RENAME = "update artists set artist_name = artist_name || ' Trio' where id = 20 + %(night)s %% 200"
SET_COVER = """
    update library set artwork_url = 'https://wxyc.org/' || id || '.jpeg'
    where id in (select id from library where id %% 365 >= %(night)s order by id limit 1)
"""
DECIDE = """
    update library_identity
    set method = 'manual', notes = 'the music director', last_verified_at = %(now)s
    where library_id in (
        select library_id from library_identity where library_id %% 365 >= %(night)s
        order by library_id limit 1
    )
"""
TURN_ROTATION_OVER = """
    with killed as (
        update rotation set kill_date = %(now)s
        where id in (
            select id from rotation where kill_date is null or kill_date > %(now)s::date
            order by id limit 3
        )
        returning id
    )
    insert into rotation (rotation_bin, add_date, artist_name, album_title, lml_identity_id)
    select 'H', %(now)s, 'Stereolab', 'Dots and Loops ' || id, 70000 + id from killed
"""
EVENTS: tuple[tuple[int, LiteralString], ...] = (
    (6, NEW_RECORD),
    (30, WITHDRAW),
    (60, RENAME),
    (20, SET_COVER),
    (30, DECIDE),
    (7, TURN_ROTATION_OVER),
)
"""What happens, and in how many nights once on average."""


@dataclass(slots=True)
class OrdinaryYear:
    """A station over a year, a night at a time."""

    station: Station
    database: Database
    lml: LmlClient
    random: Random
    _nights: int = 0

    def now(self) -> datetime:
        """Return the time at the station."""
        return datetime.now(UTC) + timedelta(days=self._nights)

    async def night(self, number: int) -> Sequence[GateResult]:
        """Let a day pass and the night's jobs run; return the checks that fail."""
        self._nights = number
        for nights, event in EVENTS:
            if self.random.random() < 1 / nights:
                self.station.tables.connection.execute(event, {"night": number, "now": self.now()})
        if number % NIGHTS_PER_WEEK == 0:
            await self._ask(number)
            await RetentionStore(self.database, self.now).sweep(windows())
        return [each for each in await self._judge(number) if not each.passed]

    async def _ask(self, number: int) -> None:
        week, run_id = number // NIGHTS_PER_WEEK, f"week of night {number}"
        self.station.lml.resolution = tampered.other_artist_for(
            lambda library_id: library_id % RECORDS_PER_CHANGED_MIND < week
        )
        store = IdentityStore(self.database, clock=self.now)
        await put_candidates(store, RANGES, SCOPE, run_id, lambda *_: None)
        for name, pipeline in self._pipelines(run_id).items():
            books = RunStore(self.database, self.now)
            await books.begin(name, run_id, RULES, RANGES, is_whole=True)
            summary = await pipeline.run(RANGES, lambda _: None)
            await books.complete(name, run_id, summary.completed, RULES)

    def _pipelines(self, run_id: str) -> Mapping[Pipeline, IdentityPipeline | ArtworkPipeline]:
        options = IdentityOptions(
            run_id=run_id,
            scope=SCOPE,
            page_sizes=PageSizes(batch_size=500, va_batch_size=20),
            retry_policy=RETRIES,
            max_in_flight=2,
            max_refused_writes=0,
        )
        artwork_options = ArtworkOptions(
            run_id=run_id,
            retry_policy=RETRIES,
            max_in_flight=4,
            max_refused_writes=0,
            health_interval_seconds=0,
            breaker_ceiling_seconds=None,
        )
        identity = IdentityStore(self.database, clock=self.now)
        artwork = ArtworkStore(self.database, COVERS, self.now)
        return {
            Pipeline.IDENTITY: IdentityPipeline(identity, self.lml, options),
            Pipeline.ARTWORK: ArtworkPipeline(artwork, self.lml, artwork_options),
        }

    async def _judge(self, number: int) -> Sequence[GateResult]:
        config, run_id = GatesConfig(), f"night {number}"
        await take_snapshot(
            CoverageStore(self.database, self.now),
            run_id=run_id,
            rules=RULES,
            ranges=RANGES,
            grace_days=settings.max_run_age_days,
        )
        evaluation = await evaluate_newest(
            self.database,
            config.floors(),
            ceiling=CEILING,
            baseline_days=config.baseline_days,
            run_id=run_id,
        )
        assert evaluation is not None
        await accept_if_passed(self.database, evaluation)
        return evaluation.results


@asynccontextmanager
async def ordinary_year(station: Station) -> AsyncGenerator[OrdinaryYear]:
    """Open the station's database and its LML for a year that begins with the first run."""
    station.execute("update library set genre_id = 11")  # one slice instead of twelve, each night
    first = station.run("library_full")
    assert first.succeeded, first.story
    async with opening(station.database_url) as database, mounted(station.lml) as lml:
        yield OrdinaryYear(station, database, lml, Random("an ordinary year"))
