"""The covers' tables: which rows want one, and how one is written."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from wxyc_assets.adapters.postgres.artwork_store import (
    COVER,
    LML_REFUSED,
    ArtworkStore,
    LookupOutcome,
    Outcome,
)
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.errors import RowRefused
from wxyc_assets.domain.artwork import CoverScope, Eligibility, Match, NoCoverReason, Rules
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import album, put, url_of, urls, watermark_moves

EVERYTHING = IdRange(1, 9_999_999)
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
URL = "https://i.discogs.com/a.jpeg"


def artwork(
    database: Database, scope: CoverScope | None = None, *, days: float = 0
) -> ArtworkStore:
    return ArtworkStore(database, scope or CoverScope(), clock=lambda: NOW + timedelta(days=days))


async def due(database: Database, **scope: object) -> list[int]:
    wanted = await artwork(database, replace(CoverScope(), **scope)).wanted(EVERYTHING)
    return [each.library_id for each in wanted.due]


async def test_eligible_by_default_exactly(opened: Database, backend_db: BackendDb) -> None:
    put(backend_db, album(1))
    put(backend_db, album(2), artwork_url=URL)
    put(backend_db, album(3), discogs_unavailable=True)
    put(backend_db, album(4), discogs_artist_id=None)
    put(backend_db, album(5))
    backend_db.execute("update library set artist_name = null where id = 5")
    backend_db.execute("update library set artist_name = 'Somebody Else' where id = 1")
    assert await due(opened) == [1, 5]


async def test_the_artists_own_name_is_asked_for(opened: Database, backend_db: BackendDb) -> None:
    put(backend_db, album(1))
    backend_db.execute("update library set artist_name = 'Somebody Else'")
    assert (await artwork(opened).wanted(EVERYTHING)).due == [album(1)]


async def test_each_eligibility_includes_the_one_before(
    opened: Database, backend_db: BackendDb
) -> None:
    put(backend_db, album(1))
    put(backend_db, album(2), album(3), album(4), discogs_artist_id=None)
    for library_id, source in ((2, "discogs"), (3, "wikidata")):
        backend_db.source(library_id, source, "1", NOW)
    backend_db.execute("update library set album_title = ' ' where id = 4")
    assert await due(opened, eligibility=Eligibility.DISCOGS_ARTIST) == [1]
    assert await due(opened, eligibility=Eligibility.IDENTITY) == [1, 2]
    assert await due(opened, eligibility=Eligibility.ALL) == [1, 2, 3]


async def test_a_range_is_closed(opened: Database, backend_db: BackendDb) -> None:
    put(backend_db, *(album(number) for number in (9, 10, 20, 21)))
    wanted = await artwork(opened).wanted(IdRange(10, 20))
    assert [each.library_id for each in wanted.due] == [10, 20]


@pytest.mark.parametrize(
    ("outcome", "days", "state"),
    [
        (COVER, 0, "waiting"),
        (COVER, 99, "waiting"),
        (NoCoverReason.NO_ROW, 29.9, "resting"),
        (NoCoverReason.NO_ROW, 30, "due"),
        (LML_REFUSED, 29.9, "resting"),
        (LML_REFUSED, 30, "due"),
        (NoCoverReason.UNKNOWN, 0, "due"),
    ],
)
async def test_what_is_stored_serves_for_its_time(
    opened: Database, backend_db: BackendDb, outcome: Outcome, days: float, state: str
) -> None:
    put(backend_db, album(1))
    refusal = "no" if outcome == LML_REFUSED else None
    await artwork(opened).store([LookupOutcome(album(1), outcome, URL, 0.9, refusal)], "a run")
    wanted = await artwork(opened, days=days).wanted(EVERYTHING)
    counts = {"due": len(wanted.due), "waiting": len(wanted.waiting), "resting": wanted.resting}
    assert {name for name, rows in counts.items() if rows} == {state}
    assert wanted.eligible == 1


CAREFUL = CoverScope(rules=Rules(0.8))


@pytest.mark.parametrize(
    ("lookup", "scope", "serves"),
    [
        (LookupOutcome(album(1), COVER, URL, 0.9), CoverScope(rules=Rules(0.9)), True),
        (
            LookupOutcome(album(1), COVER, URL, 0.8999999761581421),
            CoverScope(rules=Rules(0.9)),
            True,
        ),
        (LookupOutcome(album(1), COVER, URL, 0.8), CoverScope(rules=Rules(0.9)), False),
        (
            LookupOutcome(album(1), COVER, URL, 0.9),
            CoverScope(rules=Rules(match=Match.FIRST)),
            False,
        ),
        (
            LookupOutcome(album(1), NoCoverReason.BELOW_FLOOR, None, 0.4),
            CoverScope(rules=Rules(0.5)),
            True,
        ),
        (
            LookupOutcome(album(1), NoCoverReason.BELOW_FLOOR, None, None),
            CoverScope(rules=Rules(0)),
            True,
        ),
        (
            LookupOutcome(album(1), NoCoverReason.BELOW_FLOOR, None, 0.4),
            CoverScope(rules=Rules(0.4)),
            False,
        ),
        (LookupOutcome(album(1), NoCoverReason.NO_ROW), CoverScope(rules=Rules(0.1)), True),
        (LookupOutcome(replace(album(1), album_title="Other"), COVER, URL, 1.0), CAREFUL, False),
        (LookupOutcome(replace(album(1), artist_name="Other"), COVER, URL, 1.0), CAREFUL, False),
        (
            LookupOutcome(replace(album(1), legacy_release_id=7), NoCoverReason.NO_ROW),
            CAREFUL,
            False,
        ),
    ],
)
async def test_what_is_stored_serves_only_its_names_and_its_rules(
    opened: Database, backend_db: BackendDb, lookup: LookupOutcome, scope: CoverScope, serves: bool
) -> None:
    put(backend_db, album(1))
    await artwork(opened, CAREFUL).store([lookup], "a run")
    wanted = await artwork(opened, scope).wanted(EVERYTHING)
    assert (wanted.due == []) is serves


async def test_a_cover_that_was_taken_down_is_due_again(
    opened: Database, backend_db: BackendDb
) -> None:
    put(backend_db, album(1))
    await artwork(opened).store([LookupOutcome(album(1), COVER, URL, 1.0)], "a run")
    await artwork(opened).write([1], "test")
    backend_db.execute("update library set artwork_url = null")
    wanted = await artwork(opened).wanted(EVERYTHING)
    assert (len(wanted.due), wanted.waiting) == (1, frozenset())


async def test_a_batch_is_written_and_dated(opened: Database, backend_db: BackendDb) -> None:
    put(backend_db, album(1), album(2))
    put(backend_db, album(3), artwork_url="https://live/search.jpeg")
    lookups = [LookupOutcome(album(number), COVER, f"{URL}?{number}", 1.0) for number in (1, 2, 3)]
    await artwork(opened).store(lookups, "a run")
    before = watermark_moves(backend_db)
    assert (await artwork(opened).write([1, 2, 3], "test")).written == {1, 2}
    assert watermark_moves(backend_db) == before + 1
    assert urls(backend_db) == {1: f"{URL}?1", 2: f"{URL}?2", 3: "https://live/search.jpeg"}
    rows = backend_db.rows("select library_id, applied_at, is_raced from artwork_lookup order by 1")
    assert [tuple(row.values()) for row in rows] == [
        (1, NOW, False),
        (2, NOW, False),
        (3, NOW, True),
    ]


async def test_nothing_to_write_is_no_statement(opened: Database, backend_db: BackendDb) -> None:
    put(backend_db, album(1), artwork_url="https://live/search.jpeg")
    await artwork(opened).store([LookupOutcome(album(1), COVER, URL, 1.0)], "a run")
    before = backend_db.versions()
    assert (await artwork(opened).write([1], "test")).written == frozenset()
    assert backend_db.versions() == before


async def test_a_row_that_is_filled_at_this_moment_is_left_alone(
    opened: Database, backend_db: BackendDb
) -> None:
    put(backend_db, album(1))
    await artwork(opened).store([LookupOutcome(album(1), COVER, URL, 1.0)], "a run")
    with psycopg.connect(backend_db.url) as search:
        search.execute("update wxyc_schema.library set artwork_url = 'https://live/1.jpeg'")
        writing = asyncio.create_task(artwork(opened).write([1], "test"))
        while not backend_db.value("select count(*) from pg_locks where not granted"):
            await asyncio.sleep(0.01)
        search.commit()
    assert (await writing).written == frozenset()
    assert url_of(backend_db, 1) == "https://live/1.jpeg"


async def test_a_rehearsal_leaves_no_trace(opened: Database, backend_db: BackendDb) -> None:
    put(backend_db, album(1), album(2))
    long = URL.ljust(513, "x")
    lookups = [LookupOutcome(album(1), COVER, URL, 1.0), LookupOutcome(album(2), COVER, long, 1.0)]
    await artwork(opened).store(lookups, "a run")
    before = backend_db.versions()
    await artwork(opened).rehearse([1], "test")
    with pytest.raises(RowRefused):
        await artwork(opened).rehearse([1, 2], "test")
    assert backend_db.versions() == before


async def test_a_later_lookup_replaces_the_one_before(
    opened: Database, backend_db: BackendDb
) -> None:
    put(backend_db, album(1))
    await artwork(opened).store([LookupOutcome(album(1), COVER, URL, 1.0)], "a run")
    await artwork(opened).mark_unwritable(1, "too long")
    await artwork(opened, days=31).store([LookupOutcome(album(1), NoCoverReason.NO_ROW)], "another")
    row = backend_db.row("select * from artwork_lookup")
    assert row is not None
    assert (row["outcome"], row["url"], row["write_error"]) == ("no_row", None, None)
    assert (row["run_id"], row["looked_up_at"]) == ("another", NOW + timedelta(days=31))


async def test_an_unwritable_cover_is_tried_again_and_asked_again_after_its_window(
    opened: Database, backend_db: BackendDb
) -> None:
    put(backend_db, album(1))
    await artwork(opened).store([LookupOutcome(album(1), COVER, URL, 1.0)], "a run")
    await artwork(opened).mark_unwritable(1, "too long")
    assert (await artwork(opened, days=29).wanted(EVERYTHING)).waiting == {1}
    assert (await artwork(opened, days=30).wanted(EVERYTHING)).due == [album(1)]
