"""Retention: rows that are swept after their window, and rows that stay whatever their age."""

from datetime import UTC, datetime, timedelta

import pytest

from wxyc_assets.adapters.postgres.acceptance_store import AcceptanceStore
from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.retention_store import RetentionStore
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.domain.coverage import CoverageRules
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.domain.retention import RetentionWindows
from wxyc_assets.flows.coverage.snapshot import take_snapshot
from wxyc_assets_tests.support.answers import EVERYTHING, apply, candidate, entry, single, store
from wxyc_assets_tests.support.backend_db import BackendDb

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)  # a Wednesday
DAY = timedelta(days=1)
WINDOWS = RetentionWindows(
    deleted_record_days=90, alert_days=30, candidate_days=60, journal_days=80, snapshot_days=90
)
NARROW, WIDE = CoverageRules(), CoverageRules(Scope(include_null_canonical=True))


def retention(database: Database, at: datetime = NOW) -> RetentionStore:
    return RetentionStore(database, clock=lambda: at)


@pytest.mark.parametrize(
    ("deleted_days_ago", "is_back", "is_swept"),
    [(91, False, True), (89, False, False), (None, False, False), (91, True, False)],
)
async def test_what_is_kept_about_a_record_goes_once_it_was_deleted_long_ago(
    opened: Database,
    backend_db: BackendDb,
    deleted_days_ago: int | None,
    is_back: bool,
    is_swept: bool,
) -> None:
    backend_db.record(2)
    await store(
        opened, NOW - 400 * DAY, [candidate(each) for each in (1, 2)], [single(1), single(2)]
    )
    for each in (1, 2):
        backend_db.execute(
            "insert into artwork_lookup (library_id, outcome, match, artist_name, album_title, "
            "legacy_release_id, looked_up_at, rules_version, run_id) "
            "values (%s, 'no_row', 'careful', 'a', 'b', 1, '2025-01-01', 1, 'test')",
            each,
        )
        backend_db.execute("update artwork_lookup set outcome = 'no_artwork'")
    if deleted_days_ago:
        backend_db.execute(
            "insert into library_delete_denylist (legacy_release_id, library_id, deleted_at) "
            "values (50001, 1, %s)",
            NOW - deleted_days_ago * DAY,
        )
    if is_back:
        backend_db.record(1)
    swept = await retention(opened).sweep(WINDOWS)
    assert (swept["sweep_answers"], swept["sweep_lookups"]) == (is_swept, is_swept)
    for table in ("lml_resolution", "artwork_lookup", "superseded_decision"):
        rows = backend_db.rows(f"select distinct library_id from {table} order by 1")
        assert [each["library_id"] for each in rows] == ([2] if is_swept else [1, 2])


async def test_delivered_alerts_go_but_the_newest_of_each_subject_stays(
    opened: Database, backend_db: BackendDb
) -> None:
    alerts = [
        ("old failure", "one", 50, 49),
        ("newest failure", "one", 40, 39),
        ("old and not delivered", "two", 50, None),
        ("old", "two", 45, 44),
        ("recent", "two", 20, 19),
        ("delivered late", "three", 50, 29),
        ("newest", "three", 10, 9),
    ]
    for event, subject, occurred, delivered in alerts:
        backend_db.execute(
            "insert into alert_outbox (event_id, receiver, subject, is_recovery, occurred_at, "
            "payload, delivered_at) values (%s, 'sentry', %s, false, %s, '{}', %s)",
            event,
            subject,
            NOW - occurred * DAY,
            None if delivered is None else NOW - delivered * DAY,
        )
    assert (await retention(opened).sweep(WINDOWS))["sweep_alerts"] == 2
    left = {each["event_id"] for each in backend_db.rows("select event_id from alert_outbox")}
    assert left == {event for event, *_ in alerts} - {"old failure", "old"}


async def test_candidates_and_journal_go_after_their_windows(
    opened: Database, backend_db: BackendDb
) -> None:
    for library_id, days in ((1, 81), (2, 79), (3, 59)):
        at = NOW - days * DAY
        backend_db.record(library_id)
        backend_db.execute(
            "insert into library_candidate values "
            "(%s, 'va', 'stale', 'Cat Power', 'Moon Pix', 1, %s, 'test')",
            library_id,
            at,
        )
        await store(
            opened, at, [candidate(library_id)], [single(library_id, entry("discogs", "1"))]
        )
        await apply(opened, at, Scope(), EVERYTHING)
    swept = await retention(opened).sweep(WINDOWS)
    assert (swept["sweep_candidates"], swept["sweep_journal"]) == (2, 1)
    assert backend_db.rows("select library_id from library_candidate") == [{"library_id": 3}]
    rows = backend_db.rows("select library_id from library_journal order by 1")
    assert [each["library_id"] for each in rows] == [2, 3]


async def snapshots(database: Database, taken: dict[str, tuple[int, CoverageRules]]) -> None:
    """Take snapshots so many days ago."""
    for run_id, (days, rules) in taken.items():
        at = NOW - days * DAY
        coverage = CoverageStore(database, clock=lambda at=at: at)
        await take_snapshot(coverage, run_id=run_id, rules=rules, ranges=[IdRange(1, 100)])


def kept(backend_db: BackendDb) -> dict[str, set[str]]:
    """Return the dimensions that are kept of each snapshot."""
    found: dict[str, set[str]] = {}
    for row in backend_db.rows("select distinct run_id, dimension from coverage_snapshot"):
        found.setdefault(row["run_id"], set()).add(row["dimension"])
    return found


async def test_snapshots_are_thinned_to_one_a_week_and_scope(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    # 100 days before that Wednesday is a Monday.
    taken = {
        "monday": (100, NARROW),
        "tuesday": (99, NARROW),
        "tuesday, wide": (99, WIDE),
        "sunday": (94, NARROW),
        "next monday": (93, NARROW),
        "recent": (89, NARROW),
        "newest": (1, NARROW),
    }
    await snapshots(opened, taken)
    assert (await retention(opened).sweep(WINDOWS))["thin_snapshots"] == 3
    assert kept(backend_db).keys() == {"tuesday, wide", "sunday", "recent", "newest"}
    assert (await retention(opened).sweep(WINDOWS))["thin_snapshots"] == 0


async def test_accepted_snapshots_stay_readable_as_baselines(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    taken = {
        "accepted first": (100, NARROW),
        "accepted, wide": (100, WIDE),
        "accepted next": (99, NARROW),
        "later that week": (98, NARROW),
        "later that week, wide": (98, WIDE),
    }
    await snapshots(opened, taken)
    acceptances = AcceptanceStore(opened)
    for run_id in taken:
        if run_id.startswith("accepted"):
            await acceptances.accept(run_id, accepted_by="checks", why=None)
    assert (await retention(opened).sweep(WINDOWS))["thin_snapshots"] == 1
    whole = {"all", "cohort", "id_range", "genre"}
    assert kept(backend_db) == {
        "accepted first": {"all"},
        "accepted, wide": whole,
        "accepted next": whole,
        "later that week": whole,
        "later that week, wide": whole,
    }
    baselines = await acceptances.accepted()
    assert len(baselines) == 3
    assert all(each.snapshot is not None for each in baselines)


async def test_a_rehearsal_counts_the_same_and_deletes_nothing(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    at = NOW - 100 * DAY
    await store(opened, at, [candidate(1)], [single(1, entry("discogs", "1"))])
    await apply(opened, at, Scope(), EVERYTHING)
    await snapshots(opened, {"monday": (100, NARROW), "tuesday": (99, NARROW)})
    planned = await retention(opened).rehearse(WINDOWS)
    assert (planned["sweep_journal"], planned["thin_snapshots"]) == (1, 1)
    assert len(kept(backend_db)) == 2
    assert await retention(opened).sweep(WINDOWS) == planned
