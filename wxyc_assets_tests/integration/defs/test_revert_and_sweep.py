"""The jobs that undo a run and that sweep old rows, over a real PostgreSQL."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from wxyc_assets.adapters.postgres.database import open_database
from wxyc_assets.defs.retention import sweep_old_rows
from wxyc_assets.defs.revert import revert_run_job
from wxyc_assets.domain.candidates import Scope
from wxyc_assets_tests.integration.defs.resources import database_at
from wxyc_assets_tests.support.answers import (
    EVERYTHING,
    apply,
    candidate,
    entry,
    single,
    store,
    unresolved,
)
from wxyc_assets_tests.support.backend_db import BackendDb

LONG_AGO = datetime.now(UTC) - timedelta(days=91)
RUN = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def run_of_two(backend_db: BackendDb, schema: str) -> BackendDb:
    """A run, long ago, that wrote an identity and dated an attempt."""

    async def run() -> None:
        async with open_database(
            backend_db.url, schema=schema, assets_schema="wxyc_assets", max_connections=2
        ) as database:
            asked = [candidate(1), candidate(2)]
            answers = [single(1, entry("discogs", "388")), unresolved(2)]
            await store(database, LONG_AGO, asked, answers)
            await apply(database, LONG_AGO, Scope(include_null_canonical=True), EVERYTHING, RUN)

    backend_db.record(1)
    backend_db.record(2)
    asyncio.run(run())
    return backend_db


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def execute(
    instance: dg.DagsterInstance, backend_db: BackendDb, job: dg.JobDefinition, **config: Any
) -> tuple[bool, dict[str, Any]]:
    """Execute a job of one step; return its success and the step's numbers, or its failure."""
    database = database_at(backend_db.url)
    step = next(iter(job.graph.node_dict))
    result = (
        dg.Definitions(jobs=[job], resources={"database": database})
        .resolve_job_def(job.name)
        .execute_in_process(
            run_config={"ops": {step: {"config": config}}} if config else {},
            instance=instance,
            raise_on_error=False,
        )
    )
    (last,) = [each for each in result.all_events if each.is_step_success or each.is_step_failure]
    if last.is_step_failure:
        failure = last.step_failure_data.user_failure_data
        return False, {"failure": failure and failure.description}
    outputs = [each for each in result.all_events if each.is_successful_output]
    metadata = outputs[0].step_output_data.metadata
    return True, {name: each.value for name, each in metadata.items()}


def test_a_revert_is_a_dry_run_by_default_and_the_jobs_own_run_in_the_journal(
    instance: dg.DagsterInstance, run_of_two: BackendDb
) -> None:
    counted = {"reverted.identity": 1, "reverted.attempt": 1, "left_alone": 0}
    before = run_of_two.tables()
    is_done, told = execute(instance, run_of_two, revert_run_job, run_id=RUN, by="music director")
    assert is_done
    assert told == told | counted | {"applied": False}
    assert run_of_two.tables() == before
    is_done, told = execute(
        instance, run_of_two, revert_run_job, run_id=RUN, by="music director", apply=True
    )
    assert is_done
    assert told == told | counted | {"applied": True}
    assert run_of_two.rows("select * from library_identity") == []
    (revert,) = run_of_two.rows("select run_id, reverted_run_id, reverted_by from library_revert")
    assert (revert["reverted_run_id"], revert["reverted_by"]) == (RUN, "music director")
    assert instance.get_run_by_id(revert["run_id"]) is not None


def test_a_run_without_changes_fails_with_what_to_do(
    instance: dg.DagsterInstance, run_of_two: BackendDb
) -> None:
    is_done, told = execute(instance, run_of_two, revert_run_job, run_id="unknown", by="somebody")
    assert not is_done
    assert "The journal holds no change of run unknown" in told["failure"]
    assert "JOURNAL_DAYS" in told["failure"]


def test_the_sweep_reports_what_it_deleted(
    instance: dg.DagsterInstance, run_of_two: BackendDb
) -> None:
    is_done, told = execute(instance, run_of_two, sweep_old_rows)
    assert is_done
    assert told == told | {"sweep_journal": 2, "sweep_answers": 0, "thin_snapshots": 0}
    assert run_of_two.rows("select * from library_journal") == []
