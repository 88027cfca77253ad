"""Albums without a cover, the pretend LML's answers for them, and runs of the artwork pipeline."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import httpx

from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.adapters.lml.lookup import read_lookup
from wxyc_assets.adapters.lml.retry import GiveWay, RetryPolicy
from wxyc_assets.adapters.lml.wire import dump
from wxyc_assets.adapters.postgres.artwork_store import ArtworkStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.artwork import Album, Choice, Cover, CoverScope, Found, choose
from wxyc_assets.domain.progress import Progress
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.artwork.pipeline import ArtworkOptions, ArtworkPipeline
from wxyc_assets.flows.artwork.report import ArtworkReport
from wxyc_assets.flows.range_report import RunSummary
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.in_flight import InFlight
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.catalogue import CatalogueEntry
from wxyc_sandbox.lml.lookup_results import catalogue_answer
from wxyc_sandbox.lml.seeded_random import SeededRandom, fold
from wxyc_sandbox.lml.settings import LmlSettings

AT_ONCE_AGAIN = RetryPolicy(attempts=3, first_wait=0, longest_wait=0, jitter=0)
ONE_RANGE = (IdRange(1, 1000),)


def album(library_id: int, number: int | None = None) -> Album:
    """Return an album; `number` determines its artist and title, and so LML's answer."""
    number = library_id if number is None else number
    return Album(library_id, f"Artist {number}", f"Album {number}", library_id + 50_000)


def found(wanted: Album) -> Found:
    """Return the pretend LML's answer for an album that is in its catalogue once."""
    random = SeededRandom(
        AT_ONCE.seed, "lookup", fold(wanted.artist_name), fold(wanted.album_title)
    )
    random.below(2)  # LML draws first whether the album is cached
    entries = CatalogueEntry(wanted.legacy_release_id, wanted.artist_name, wanted.album_title)
    return read_lookup(dump(catalogue_answer([entries], random))).found


def choice(wanted: Album, scope: CoverScope | None = None) -> Choice:
    """Return the expected choice for an album."""
    return choose(found(wanted), wanted, (scope or CoverScope()).rules)


@cache
def numbers() -> dict[str, list[int]]:
    """Return album numbers by expected outcome: `cover`, `empty`, or the reason for no cover."""
    by_outcome: defaultdict[str, list[int]] = defaultdict(list)
    for number in range(1, 1500):
        wanted = album(number)
        answer = found(wanted)
        chosen = choose(answer, wanted, CoverScope().rules)
        is_empty = answer.is_empty and not answer.is_incomplete
        name = "cover" if isinstance(chosen, Cover) else chosen.reason
        by_outcome["empty" if is_empty else str(name)].append(number)
    return by_outcome


def put(backend_db: BackendDb, *albums: Album, **columns: Any) -> None:
    """Insert albums; each artist has the Discogs id `discogs_artist_id`, by default 7."""
    discogs_artist_id = columns.pop("discogs_artist_id", 7)
    for each in albums:
        backend_db.execute(
            "insert into artists (artist_name, alphabetical_name, code_letters, discogs_artist_id) "
            "select %s, '', 'RO', %s "
            "where not exists (select from artists where artist_name = %s)",
            each.artist_name,
            discogs_artist_id,
            each.artist_name,
        )
        backend_db.execute(
            "insert into library (id, artist_id, genre_id, format_id, album_title, code_number, "
            "legacy_release_id, artwork_url, discogs_unavailable, add_date) "
            "select %s, id, 11, 1, %s, 2, %s, %s, %s, '2005-08-01' from artists "
            "where artist_name = %s",
            each.library_id,
            each.album_title,
            each.legacy_release_id,
            columns.get("artwork_url"),
            columns.get("discogs_unavailable", False),
            each.artist_name,
        )


def pretend(*albums: Album, **more: Any) -> PretendLml:
    """Return a pretend LML with these albums in its catalogue, by default without latency."""
    settings: LmlSettings = more.pop("settings", AT_ONCE)
    rows = [(each.legacy_release_id, each.artist_name, each.album_title) for each in albums]
    return PretendLml(settings, rows, **more)


def url_of(backend_db: BackendDb, library_id: int) -> str | None:
    return backend_db.value("select artwork_url from library where id = %s", library_id)


def urls(backend_db: BackendDb) -> dict[int, str]:
    rows = backend_db.rows("select id, artwork_url from library where artwork_url is not null")
    return {row["id"]: row["artwork_url"] for row in rows}


def outcomes(backend_db: BackendDb) -> dict[int, str]:
    rows = backend_db.rows("select library_id, outcome from artwork_lookup")
    return {row["library_id"]: row["outcome"] for row in rows}


def watermark_moves(backend_db: BackendDb) -> int:
    return backend_db.value("select moves from watermark_moves")


@dataclass
class ArtworkRun:
    """A run of the artwork pipeline over ranges, with its settings."""

    database: Database
    pretend: PretendLml | None = None
    scope: CoverScope = field(default_factory=CoverScope)
    ranges: Sequence[IdRange] = ONE_RANGE
    transport: httpx.AsyncBaseTransport | None = None
    lookup_seconds: float = 20.0
    retry_policy: RetryPolicy = AT_ONCE_AGAIN
    interval: float = 0.0
    max_in_flight: int = 4
    now: datetime | None = None
    breaker_ceiling: float | None = None
    give_way: GiveWay | None = None
    url: str = "http://lml"
    reports: list[ArtworkReport] = field(default_factory=list[ArtworkReport])

    progress: Progress = field(default_factory=lambda: Progress("lookups"))

    async def run(self) -> RunSummary[ArtworkReport]:
        transport = self.transport
        if self.pretend is not None:
            transport = httpx.ASGITransport(app=self.pretend)  # pyright: ignore[reportArgumentType]
        now = self.now
        artwork = ArtworkStore(self.database, self.scope, clock=lambda: now)
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(
                lml.open_lml(
                    self.url,
                    api_key=None,
                    budget=InFlight(self.max_in_flight),
                    timeout_seconds=20,
                    lookup_seconds=self.lookup_seconds,
                    transport=transport,
                )
            )
            options = ArtworkOptions(
                run_id="a run",
                retry_policy=self.retry_policy,
                max_in_flight=self.max_in_flight,
                health_interval_seconds=self.interval,
                max_refused_writes=0.001,
                breaker_ceiling_seconds=self.breaker_ceiling,
            )
            pipeline = ArtworkPipeline(artwork, client, options, self.give_way)
            self.progress = pipeline.progress
            return await pipeline.run(self.ranges, self.reports.append)

    @property
    def counts(self) -> Counter[str]:
        """Records by outcome, over all ranges."""
        totals: Counter[str] = Counter()
        for report in self.reports:
            totals.update({str(each): rows for each, rows in report.tally.outcomes.items()})
        return +totals


async def run_artwork(database: Database, pretend: PretendLml, **more: Any) -> ArtworkRun:
    """Run the artwork pipeline once; return the finished run."""
    run = ArtworkRun(database, pretend, **more)
    await run.run()
    return run


MANY = [album(number) for number in range(1, 201)]
RANGES = (IdRange(1, 50), IdRange(51, 100), IdRange(101, 150), IdRange(151, 200))


def some(outcome: str, count: int, *, first_id: int = 1) -> list[Album]:
    """Return albums of which that ought to become."""
    return [album(first_id + at, number) for at, number in enumerate(numbers()[outcome][:count])]
