"""Range locks of two runs on one database."""

import asyncio

import pytest

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.adapters.postgres.range_locks import LockFamily, RangeLocks, open_range_locks
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.domain.ranges import IdRange

FIRST, SECOND = IdRange(1, 2500), IdRange(2501, 5000)
IDENTITY, ARTWORK = LockFamily.IDENTITY, LockFamily.ARTWORK


async def test_a_range_is_held_by_one_at_a_time(opened: Database) -> None:
    seen: list[str] = []

    async def second(theirs: RangeLocks) -> None:
        await theirs.take(FIRST)
        seen.append("second")

    async with (
        open_range_locks(opened, IDENTITY) as ours,
        open_range_locks(opened, IDENTITY) as theirs,
    ):
        await ours.take(FIRST)
        waiting = asyncio.create_task(second(theirs))
        await ours.take(SECOND)
        seen.append("another range")
        await ours.release(SECOND)
        seen.append("first")
        await ours.release(FIRST)
        await waiting
    assert seen == ["another range", "first", "second"]


async def test_pipelines_do_not_wait_for_each_other(opened: Database) -> None:
    async with (
        open_range_locks(opened, IDENTITY) as ours,
        open_range_locks(opened, ARTWORK) as theirs,
    ):
        await ours.take(FIRST)
        await theirs.take(FIRST)


async def test_locks_are_released_with_their_session(opened: Database) -> None:
    async def fail() -> None:
        async with open_range_locks(opened, IDENTITY) as locks:
            await locks.take(FIRST)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with open_range_locks(opened, IDENTITY) as locks:
        await locks.take(FIRST)


async def test_candidates_wait_until_the_range_is_released(opened: Database) -> None:
    async with open_range_locks(opened, IDENTITY) as locks:
        await locks.take(FIRST)
        putting = asyncio.create_task(IdentityStore(opened).put_candidates(FIRST, Scope(), "run"))
        await asyncio.wait([putting], timeout=0.2)
        assert not putting.done()
        await locks.release(FIRST)
        await putting
        await locks.take(FIRST)
