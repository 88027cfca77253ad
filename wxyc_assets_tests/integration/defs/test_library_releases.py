"""The asset of releases, with its check."""

import dagster as dg
import pytest

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.defs.library_releases import library_releases, release_ids_are_written
from wxyc_assets.defs.resources import resources
from wxyc_assets_tests.integration.defs.test_library_artwork import changed
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import album, numbers, pretend, put, run_artwork

ALBUMS = [album(at, number) for at, number in enumerate(numbers()["cover"][:10], 1)]
RANGE = "0000001-0002500"


def run(backend_db: BackendDb, *, write: bool) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [library_releases, release_ids_are_written],
        resources={"database": changed(resources["database"], {"url": backend_db.url})},
        run_config={"ops": {"library_releases": {"config": {"write_release_ids": write}}}},
        partition_key=RANGE,
        raise_on_error=False,
    )


@pytest.fixture
async def looked_up(opened: Database, backend_db: BackendDb) -> BackendDb:
    put(backend_db, *ALBUMS)
    await run_artwork(opened, pretend(*ALBUMS))
    for each in ALBUMS:
        backend_db.execute(
            "insert into library_identity (library_id, method, confidence, last_verified_at) "
            "values (%s, 'exact_match', 0.9, now())",
            each.library_id,
        )
    return backend_db


def filled(backend_db: BackendDb) -> int:
    return backend_db.value("select count(discogs_release_id) from library_identity")


@pytest.mark.parametrize("write", [True, False])
def test_identities_get_their_releases_only_if_wanted(looked_up: BackendDb, write: bool) -> None:
    result = run(looked_up, write=write)
    assert result.success
    assert looked_up.value("select count(*) from library_release") == 10
    assert filled(looked_up) == (10 if write else 0)
    (check,) = result.get_asset_check_evaluations()
    assert check.passed


def test_releases_that_are_lost_on_the_way_fail_the_check(looked_up: BackendDb) -> None:
    looked_up.execute(
        "create function lose() returns trigger language plpgsql as "
        "$$ begin new.discogs_release_id := 1; return new; end $$"
    )
    looked_up.execute(
        "create trigger lost before update of discogs_release_id on library_identity "
        "for each row execute function lose()"
    )
    result = run(looked_up, write=True)
    assert not result.success
    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == ("release_ids_are_written", False)
    assert "10 are not in the tables" in (check.description or "")
