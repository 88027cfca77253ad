"""Lookups on their way into the database."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import psycopg
import pytest

from wxyc_assets.adapters.postgres.artwork_store import UNCONFIRMED, ArtworkStore, LookupOutcome
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.artwork import CoverScope, NoCoverReason
from wxyc_assets.flows.artwork.lookup_buffer import LookupBuffer
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import album, outcomes


def lookup(number: int) -> LookupOutcome:
    return LookupOutcome(album(number), NoCoverReason.NO_ROW)


def unconfirmed(number: int) -> LookupOutcome:
    return LookupOutcome(album(number), UNCONFIRMED, outcome_if_confirmed=NoCoverReason.NO_ARTWORK)


@pytest.fixture
def buffer(opened: Database) -> LookupBuffer:
    return LookupBuffer(ArtworkStore(opened, CoverScope()), "a run")


@asynccontextmanager
async def running(buffer: LookupBuffer) -> AsyncGenerator[None]:
    task = asyncio.create_task(buffer.run())
    yield
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_whoever_puts_a_lookup_waits_until_it_is_stored(
    buffer: LookupBuffer, backend_db: BackendDb
) -> None:
    async with running(buffer):
        for number in range(1, 4):
            await buffer.put([lookup(number)])
            assert len(outcomes(backend_db)) == number


async def test_lookups_that_come_together_are_stored_together(
    buffer: LookupBuffer, backend_db: BackendDb
) -> None:
    async with running(buffer):
        await asyncio.gather(*(buffer.put([lookup(number)]) for number in range(1, 101)))
        written_by = "select count(distinct xmin::text) from artwork_lookup"
        assert len(outcomes(backend_db)) == 100
        assert backend_db.value(written_by) == 1


async def test_an_unconfirmed_lookup_is_settled_later(
    buffer: LookupBuffer, backend_db: BackendDb
) -> None:
    async with running(buffer):
        await buffer.put([unconfirmed(1), unconfirmed(2), unconfirmed(3)])
        assert set(outcomes(backend_db).values()) == {"unconfirmed"}
        buffer.settle(1, True)
        buffer.settle(2, False)
    assert outcomes(backend_db) == {1: "no_artwork", 2: "unknown", 3: "unconfirmed"}


async def test_a_buffer_that_is_cut_off_stores_what_it_holds(
    buffer: LookupBuffer, backend_db: BackendDb
) -> None:
    async with running(buffer):
        await asyncio.sleep(0)
        putting = asyncio.create_task(buffer.put([unconfirmed(1)]))
        await asyncio.sleep(0)
        buffer.settle(1, True)
    await putting
    assert outcomes(backend_db) == {1: "no_artwork"}


async def test_an_empty_buffer_writes_nothing(buffer: LookupBuffer, backend_db: BackendDb) -> None:
    before = backend_db.versions()
    await buffer.flush()
    assert backend_db.versions() == before


async def test_what_could_not_be_stored_is_kept_for_the_next_time(
    buffer: LookupBuffer, backend_db: BackendDb
) -> None:
    putting = [asyncio.create_task(buffer.put([lookup(number)])) for number in (1, 2)]
    await asyncio.sleep(0)
    backend_db.execute("alter table artwork_lookup rename to gone")
    with pytest.raises(psycopg.errors.UndefinedTable):
        await buffer.flush()
    backend_db.execute("alter table gone rename to artwork_lookup")
    await buffer.flush()
    await asyncio.gather(*putting)
    assert outcomes(backend_db).keys() == {1, 2}
