"""The identity graph over a small library, on an ephemeral instance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from wxyc_assets.defs.jobs import library_identity_job
from wxyc_assets.defs.library_candidates import library_candidates
from wxyc_assets.defs.library_identity import (
    LIBRARY_IDENTITY,
    LML_RESOLUTIONS,
    identities_are_written,
    identity_answers_make_sense,
    library_identities,
)
from wxyc_assets.defs.partitions import library_ranges
from wxyc_assets.defs.resources import PagesResource, ScopeResource
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets_tests.integration.defs.resources import database_at, lml_at
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.sample_library import RECORDS
from wxyc_sandbox.lml.app import PretendLml

STEP = 251
IDS = {*range(STEP, STEP * RECORDS + 1, STEP)}
KEYS = library_ranges.get_partition_keys()
ASSETS = [library_candidates, library_identities]
CANDIDATES = dg.AssetKey("library_candidates")
TWO = [LML_RESOLUTIONS, LIBRARY_IDENTITY]
START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def in_ranges(keys: Sequence[str]) -> set[int]:
    return {each for each in IDS for key in keys if each in IdRange.parse(key)}


@dataclass
class IdentityGraph:
    """A database, a pretend LML on a port, a Dagster instance without a past."""

    backend_db: BackendDb
    pretend: PretendLml
    lml_url: str
    instance: dg.DagsterInstance
    api_key: str = ""

    @property
    def asked(self) -> set[int]:
        return {*self.pretend.counters.answered}

    def resources(self) -> dict[str, Any]:
        return {
            "database": database_at(self.backend_db.url),
            "lml": lml_at(
                self.lml_url,
                api_key=self.api_key,
                max_in_flight=2,
                breaker_ceiling_minutes=1,
                attempts=1,
            ),
            "scope": ScopeResource(include_null_canonical=True),
            "pages": PagesResource(),
        }

    def run(self, tags: dict[str, str], **more: Any) -> dg.ExecuteInProcessResult:
        definitions = dg.Definitions(
            assets=ASSETS,
            asset_checks=[identities_are_written, identity_answers_make_sense],
            jobs=[library_identity_job],
            resources=self.resources(),
        )
        job = definitions.resolve_job_def("library_identity_job")
        return job.execute_in_process(
            tags=tags, instance=self.instance, raise_on_error=False, **more
        )

    def materialized(self, asset_key: dg.AssetKey) -> set[str]:
        return self.instance.get_materialized_partitions(asset_key)


def one(key: str) -> dict[str, str]:
    return {"dagster/partition": key}


def span(first: str, last: str) -> dict[str, str]:
    return {START: first, END: last}


def why(result: dg.ExecuteInProcessResult) -> str:
    """Return the message of the failed step."""
    (event,) = [each for each in result.all_events if each.is_step_failure]
    said = event.step_failure_data.user_failure_data
    assert said is not None
    assert said.description is not None
    return said.description


def failures(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """The descriptions of the failed steps."""
    events = [each for each in result.all_events if each.is_step_failure]
    told = {each.step_key or "": each.step_failure_data.user_failure_data for each in events}
    return {step: data.description or "" for step, data in told.items() if data}
