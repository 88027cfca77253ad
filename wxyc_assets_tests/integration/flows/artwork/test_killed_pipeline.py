"""A run that is killed, and the one after it."""

import asyncio
import sys
from dataclasses import replace

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.artwork import Cover
from wxyc_assets.flows.artwork.pipeline import WORKERS_PER_CALL
from wxyc_assets_tests.integration.flows.artwork import pipeline_process as covering
from wxyc_assets_tests.integration.flows.artwork.pipeline_process import RANGES
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import (
    ArtworkRun,
    album,
    choice,
    found,
    outcomes,
    pretend,
    put,
    urls,
)
from wxyc_sandbox.lml.server import serve

ALBUMS = [
    each for each in (album(number) for number in range(1, 401)) if not found(each).is_incomplete
]
SLOWLY = replace(AT_ONCE, lookup_latency_seconds=0.04)
IN_WORK = 4 * WORKERS_PER_CALL
"""Questions in flight, or with an answer that is being stored."""


async def test_after_a_kill_only_what_was_in_flight_is_asked_again(
    opened: Database, backend_db: BackendDb
) -> None:
    """Also of the empty answers, which the killed run could not settle: it looks once an hour."""
    put(backend_db, *ALBUMS)
    lml = pretend(*ALBUMS, settings=SLOWLY)
    with serve(lml) as url:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", covering.__name__, backend_db.url, url
        )
        while [*outcomes(backend_db).values()].count("unconfirmed") < 20:
            assert process.returncode is None
            await asyncio.sleep(0.01)
        process.kill()
        await process.wait()
        asked = lml.counters.calls["lookup"]
        stored = outcomes(backend_db)
        lml.configure(lookup_latency_seconds=0)
        lml.counters.reset()
        again = ArtworkRun(opened, url=url, ranges=RANGES)
        summary = await again.run()
    assert len(stored) < len(ALBUMS)
    assert asked - len(stored) <= IN_WORK
    assert not summary.why_open
    assert lml.counters.calls["lookup"] == len(ALBUMS) - len(stored)
    assert "unconfirmed" not in outcomes(backend_db).values()
    reasons = {each.library_id: choice(each) for each in ALBUMS}
    assert outcomes(backend_db) == {
        i: "cover" if isinstance(c, Cover) else c.reason for i, c in reasons.items()
    }
    assert urls(backend_db).keys() == {i for i, c in reasons.items() if isinstance(c, Cover)}
