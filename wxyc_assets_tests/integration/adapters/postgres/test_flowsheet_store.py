"""The probe of the flowsheet: what counts as live, and what it costs."""

from typing import Any

import pytest

from wxyc_assets.adapters.postgres.database import Database, open_database, sql
from wxyc_assets.adapters.postgres.errors import NotPermitted
from wxyc_assets.adapters.postgres.flowsheet_store import FlowsheetStore
from wxyc_assets_tests.support.backend_db import BackendDb

INDEX = "flowsheet_track_add_time_idx"


def log(backend_db: BackendDb, entry_type: str, seconds_ago: int) -> None:
    backend_db.execute(
        "insert into flowsheet (entry_type, play_order, add_time) "
        "values (%s, 1, now() - make_interval(secs => %s))",
        entry_type,
        seconds_ago,
    )


async def test_only_a_recent_track_is_live(opened: Database, backend_db: BackendDb) -> None:
    flowsheet = FlowsheetStore(opened)
    assert not await flowsheet.is_live(60)
    log(backend_db, "talkset", 0)
    log(backend_db, "show_start", 0)
    log(backend_db, "track", 3600)
    assert not await flowsheet.is_live(60)
    assert await flowsheet.is_live(7200)
    log(backend_db, "track", 0)
    assert await flowsheet.is_live(60)


@pytest.mark.parametrize("is_live", [False, True])
async def test_the_probe_reads_one_page_of_the_partial_index(
    opened: Database, backend_db: BackendDb, is_live: bool
) -> None:
    backend_db.execute(
        "insert into flowsheet (entry_type, play_order, add_time) "
        "select case when n % 5 = 0 then 'talkset' else 'track' end::flowsheet_entry_type, n, "
        "now() - interval '61 seconds' - n * interval '3 minutes' from generate_series(1, 100000) n"
    )
    if is_live:
        log(backend_db, "track", 0)
    backend_db.execute("vacuum analyze flowsheet")
    plan = explained(backend_db)
    (probe,) = [each for each in nodes(plan) if each.get("Relation Name") == "flowsheet"]
    assert probe["Node Type"] in {"Index Scan", "Index Only Scan"}
    assert probe["Index Name"] == INDEX
    assert probe["Actual Rows"] == is_live
    assert probe["Shared Hit Blocks"] + probe["Shared Read Blocks"] <= 4  # from root to leaf


def explained(backend_db: BackendDb) -> dict[str, Any]:
    """Return the plan of the probe, as it is run."""
    statement = b"explain (analyze, buffers, format json) " + sql("flowsheet/select_is_live")
    row = backend_db.connection.execute(statement, {"lookback_seconds": 60}).fetchone()
    assert row is not None
    return row[0][0]["Plan"]


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for each in plan.get("Plans", ()) for node in nodes(each))]


async def test_a_role_without_the_grant_is_told_what_to_do(
    assets: str, backend_db: BackendDb
) -> None:
    backend_db.execute("create role silent login")
    backend_db.execute("grant usage on schema wxyc_schema, wxyc_assets to silent")
    backend_db.execute("grant select on all tables in schema wxyc_schema, wxyc_assets to silent")
    backend_db.execute("revoke select on wxyc_schema.flowsheet from silent")
    try:
        async with open_database(
            assets.replace("//postgres@", "//silent@"),
            schema="wxyc_schema",
            assets_schema="wxyc_assets",
            max_connections=2,
        ) as database:
            with pytest.raises(NotPermitted) as caught:
                await FlowsheetStore(database).is_live(60)
    finally:
        backend_db.execute("drop owned by silent")
        backend_db.execute("drop role silent")
    assert "permission denied for table flowsheet" in str(caught.value)
    assert "deploy/grants.sql" in str(caught.value)
    assert "LIVE_ACTIVITY_LOOKBACK_SECONDS=0" in str(caught.value)
