"""The asset and its check, over a real PostgreSQL and an ephemeral instance."""

from collections.abc import Iterator

import dagster as dg
import pytest

from wxyc_assets.definitions import defs
from wxyc_assets.defs.jobs import library_doubts_job
from wxyc_assets.defs.library_doubts import doubts_do_not_jump, library_doubts
from wxyc_assets.domain.doubts import ALWAYS_ALLOWED
from wxyc_assets_tests.integration.defs.resources import database_at
from wxyc_assets_tests.support.backend_db import BackendDb

RECORDS = 60


@pytest.fixture
def backend_db_with_ids(backend_db: BackendDb) -> BackendDb:
    """Records whose artists have own Discogs ids, as LML gave them."""
    backend_db.execute(
        "insert into artists (id, artist_name, alphabetical_name, code_letters, discogs_artist_id) "
        "select n, 'Artist ' || n, '', 'RO', n from generate_series(1, %s) n",
        RECORDS,
    )
    for library_id in range(1, RECORDS + 1):
        backend_db.record(library_id, f"Artist {library_id}")
        backend_db.execute(
            "update library set artist_id = %s where id = %s", library_id, library_id
        )
        backend_db.execute(
            "insert into library_identity (library_id, last_verified_at, method, confidence) "
            "values (%s, now(), 'exact_match', 1)",
            library_id,
        )
        backend_db.execute(
            "insert into library_identity_source "
            "(library_id, source, external_id, method, confidence, last_verified_at) "
            "values (%s, 'discogs', %s, 'exact_match', 1, now())",
            library_id,
            str(library_id),
        )
    return backend_db


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def run(backend_db: BackendDb, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    database = database_at(backend_db.url)
    definitions = dg.Definitions(
        assets=[library_doubts],
        asset_checks=[doubts_do_not_jump],
        jobs=[library_doubts_job],
        resources={"database": database},
    )
    job = definitions.resolve_job_def("library_doubts_job")
    return job.execute_in_process(instance=instance, raise_on_error=False)


def check_of(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation


def test_a_jump_warns_and_fails_no_run(
    backend_db_with_ids: BackendDb, instance: dg.DagsterInstance
) -> None:
    first = check_of(run(backend_db_with_ids, instance))
    assert (first.passed, first.description) == (
        True,
        "0 records are doubtful. There is no run before.",
    )
    backend_db_with_ids.execute(
        "update artists set discogs_artist_id = 1000 + id where id <= %s", ALWAYS_ALLOWED
    )
    second = check_of(run(backend_db_with_ids, instance))
    assert (second.passed, second.description) == (
        True,
        "10 records are doubtful. Compared with the run before.",
    )
    backend_db_with_ids.execute("update artists set discogs_artist_id = 1000 + id")
    third = run(backend_db_with_ids, instance)
    assert third.success
    jump = check_of(third)
    assert (jump.passed, jump.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "other_own_id: 60 of 60 (100.00%), after 10 of 60 (16.67%)" in (jump.description or "")


def test_the_asset_shows_what_it_found(
    backend_db_with_ids: BackendDb, instance: dg.DagsterInstance
) -> None:
    backend_db_with_ids.execute("update artists set discogs_artist_id = 1000 where id = 7")
    result = run(backend_db_with_ids, instance)
    (done,) = result.asset_materializations_for_node("library_doubts")
    assert done.metadata["doubtful_records"].value == 1
    assert done.metadata["doubts.other_own_id"].value == 1
    assert done.metadata["plays"].value == "known"
    assert "another id than the artist's own" in str(done.metadata["by_reason"].value)
    assert "7: Artist 7 - Moon Pix" in str(done.metadata["most_played_10"].value)


def test_the_whole_library_is_searched_after_its_identities_and_covers() -> None:
    node = defs.resolve_asset_graph().get(library_doubts.key)
    assert {key.to_user_string() for key in node.parent_keys} == {
        "library_identity",
        "library_artwork",
    }
    job = defs.resolve_job_def("library_full")
    assert library_doubts.key in job.asset_layer.executable_asset_keys
