import asyncio

import psycopg
import pytest

from wxyc_assets.adapters.postgres.artwork_store import ArtworkStore, LookupOutcome
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.artwork import CoverScope, NoCoverReason
from wxyc_assets.flows.artwork.lookup_buffer import STORE_ROWS, LookupBuffer
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import album, outcomes


def lookup(number: int) -> LookupOutcome:
    return LookupOutcome(album(number), NoCoverReason.NO_ROW)


@pytest.fixture
def outbox(opened: Database) -> LookupBuffer:
    return LookupBuffer(ArtworkStore(opened, CoverScope()), "a run")


async def test_what_was_put_is_stored_before_long(
    outbox: LookupBuffer, backend_db: BackendDb
) -> None:
    running = asyncio.create_task(outbox.run())
    outbox.put(lookup(1))
    while not outbox.stored:
        await asyncio.sleep(0.01)
    assert len(outcomes(backend_db)) == outbox.stored == 1
    running.cancel()


async def test_a_full_outbox_is_stored_at_once(outbox: LookupBuffer, backend_db: BackendDb) -> None:
    running = asyncio.create_task(outbox.run())
    for number in range(STORE_ROWS):
        outbox.put(lookup(number))
    while outbox.stored < STORE_ROWS:
        await asyncio.sleep(0)
    assert len(outcomes(backend_db)) == STORE_ROWS
    running.cancel()


async def test_an_outbox_that_is_cut_off_stores_what_it_holds(
    outbox: LookupBuffer, backend_db: BackendDb
) -> None:
    running = asyncio.create_task(outbox.run())
    await asyncio.sleep(0)
    outbox.put(lookup(1))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert outcomes(backend_db) == {1: "no_row"}


async def test_an_empty_outbox_writes_nothing(outbox: LookupBuffer, backend_db: BackendDb) -> None:
    before = backend_db.versions()
    await outbox.store()
    assert backend_db.versions() == before


async def test_what_could_not_be_stored_is_kept_for_the_next_time(
    outbox: LookupBuffer, backend_db: BackendDb
) -> None:
    outbox.put(lookup(1))
    backend_db.execute("alter table artwork_lookup rename to gone")
    with pytest.raises(psycopg.errors.UndefinedTable):
        await outbox.store()
    backend_db.execute("alter table gone rename to artwork_lookup")
    outbox.put(lookup(2))
    await outbox.store()
    assert outcomes(backend_db).keys() == {1, 2}
