"""Stored answers that a run under other rules decides on again."""

from collections import Counter
from datetime import UTC, datetime

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.artwork import RULES_VERSION, CoverScope, Rules
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import (
    found,
    pretend,
    put,
    run_artwork,
    some,
    urls,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


async def test_a_lower_floor_decides_again_without_asking(
    opened: Database, backend_db: BackendDb
) -> None:
    below, mismatched = some("below_floor", 2), some("name_mismatch", 2, first_id=5)
    put(backend_db, *below, *mismatched)
    lml = pretend(*below, *mismatched)
    await run_artwork(opened, lml)
    lml.counters.reset()
    low = CoverScope(rules=Rules(min_confidence=0.1))
    run = await run_artwork(opened, lml, scope=low)
    assert lml.counters.calls == Counter()
    assert run.counts == {"written": 2}
    assert run.reports[0].figures()["decided_otherwise"] == 2
    assert urls(backend_db) == {
        each.library_id: found(each).results[0].picture.url  # pyright: ignore[reportOptionalMemberAccess]
        for each in below
    }


async def test_a_lower_floor_asks_about_answers_that_were_not_kept_or_are_too_old(
    opened: Database, backend_db: BackendDb
) -> None:
    old, lost = some("below_floor", 2)
    put(backend_db, old, lost)
    lml = pretend(old, lost)
    await run_artwork(opened, lml, now=NOW)
    backend_db.execute("update artwork_lookup set answer = null where library_id = 2")
    backend_db.execute(
        "update artwork_lookup set looked_up_at = looked_up_at - interval '31 days' "
        "where library_id = 1"
    )
    lml.counters.reset()
    low = CoverScope(rules=Rules(min_confidence=0.1))
    assert (await run_artwork(opened, lml, scope=low, now=NOW)).counts == {"written": 2}
    assert lml.counters.calls["lookup"] == 2


NEWER = CoverScope(rules=Rules(version=RULES_VERSION + 1))


async def test_newer_rules_decide_on_stored_answers_without_asking(
    opened: Database, backend_db: BackendDb
) -> None:
    (found_now,), (still_not,) = some("cover", 1), some("placeholder", 1, first_id=5)
    put(backend_db, found_now, still_not)
    lml = pretend(found_now, still_not)
    await run_artwork(opened, lml)
    backend_db.execute("update library set artwork_url = null")
    backend_db.execute(  # as older rules had decided
        "update artwork_lookup set outcome = 'name_mismatch', url = null, applied_at = null "
        "where library_id = 1"
    )
    lml.counters.reset()
    assert (await run_artwork(opened, lml)).counts == {}
    run = await run_artwork(opened, lml, scope=NEWER)
    assert lml.counters.calls == Counter()
    assert run.counts == {"written": 1}
    assert urls(backend_db).keys() == {1}
    decided = backend_db.rows(
        "select outcome, rules_version, decided_by, looked_up_at < decided_at as is_later "
        "from artwork_lookup order by library_id"
    )
    newer = {"rules_version": RULES_VERSION + 1, "decided_by": "a run", "is_later": True}
    assert decided == [{"outcome": "cover"} | newer, {"outcome": "placeholder"} | newer]
    before = backend_db.rows("select xmin::text from artwork_lookup order by library_id")
    await run_artwork(opened, lml, scope=NEWER)
    assert before == backend_db.rows("select xmin::text from artwork_lookup order by library_id")


async def test_newer_rules_do_not_ask_about_what_was_not_kept(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("name_mismatch", 2)
    put(backend_db, *albums)
    lml = pretend(*albums)
    await run_artwork(opened, lml)
    backend_db.execute("update artwork_lookup set answer = null")
    lml.counters.reset()
    assert (await run_artwork(opened, lml, scope=NEWER)).reports[0].resting == 2
    assert lml.counters.calls == Counter()


async def test_newer_rules_leave_covers_where_they_are(
    opened: Database, backend_db: BackendDb
) -> None:
    albums = some("cover", 2)
    put(backend_db, *albums)
    await run_artwork(opened, pretend(*albums))
    before = backend_db.versions()
    strict = CoverScope(rules=Rules(min_confidence=1.0, version=RULES_VERSION + 1))
    await run_artwork(opened, pretend(*albums), scope=strict)
    assert backend_db.versions() == before
