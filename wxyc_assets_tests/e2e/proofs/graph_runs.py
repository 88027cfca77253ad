"""The identity graph run by Dagster in this process, on an ephemeral instance."""

import atexit
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import dagster as dg

from wxyc_assets.defs.library_candidates import library_candidates
from wxyc_assets.defs.library_identity import LIBRARY_IDENTITY, library_identities
from wxyc_assets.defs.lml_resource import LmlResource
from wxyc_assets.defs.resources import DatabaseResource, PagesResource, ScopeResource
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets_tests.e2e.proofs.small_library import RANGES

GRAPH = (library_candidates, library_identities)
AN_INSTANT = 1e-9
"""In days; a window of this length has always passed."""


@dataclass(frozen=True, slots=True)
class Run:
    """The result of a run according to Dagster."""

    succeeded: bool
    failure: str
    figures: Mapping[str, Mapping[str, Any]]
    """Metadata of `library_identity` by range key, for each materialized range."""

    def total(self, name: str) -> int:
        """Return the sum of a figure over all ranges."""
        return sum(each.get(name, 0) for each in self.figures.values())


@dataclass(frozen=True, slots=True)
class Graph:
    """The graph on a database and an LML, with minimal waits."""

    database_url: str
    lml_url: str
    api_key: str = "sesame"
    batch_size: int = 20
    va_batch_size: int = 5
    max_in_flight: int = 2
    attempts: int = 3
    timeout_seconds: float = 20.0
    ranges: Sequence[IdRange] = field(default_factory=lambda: RANGES)

    def run(self, *, everything_is_due: bool = False) -> Run:
        """Run all ranges in one Dagster run."""
        instance = _instance()
        result = dg.materialize(
            GRAPH,
            instance=instance,
            resources=self._resources(everything_is_due),
            tags={
                "dagster/asset_partition_range_start": self.ranges[0].key,
                "dagster/asset_partition_range_end": self.ranges[-1].key,
            },
            raise_on_error=False,
        )
        return Run(result.success, _failure(result), _figures(instance, result.run_id))

    def _resources(self, everything_is_due: bool) -> dict[str, dg.ConfigurableResource[Any]]:
        stale_days, retry_days = (AN_INSTANT, AN_INSTANT) if everything_is_due else (7, 30)
        return {
            "database": DatabaseResource(
                url=self.database_url, schema_name="wxyc_schema", assets_schema_name="wxyc_assets"
            ),
            "lml": LmlResource(
                url=self.lml_url,
                api_key=self.api_key,
                timeout_seconds=self.timeout_seconds,
                lookup_timeout_seconds=self.timeout_seconds,
                max_in_flight=self.max_in_flight,
                rate_per_minute=0,
                breaker_ceiling_minutes=0,
                attempts=self.attempts,
                first_wait_seconds=0.001,
            ),
            "scope": ScopeResource(
                include_null_canonical=True, stale_days=stale_days, retry_days=retry_days
            ),
            "pages": PagesResource(batch_size=self.batch_size, va_batch_size=self.va_batch_size),
        }


@cache
def _instance() -> dg.DagsterInstance:
    """Return one instance for all runs of this process; a new one takes as long as a short run."""
    instance = dg.DagsterInstance.ephemeral()
    atexit.register(instance.dispose)
    return instance


def _failure(result: dg.ExecuteInProcessResult) -> str:
    failures = (
        event.step_failure_data.user_failure_data or event.step_failure_data.error
        for event in result.all_events
        if event.is_step_failure
    )
    return "\n".join(str(getattr(each, "description", each)) for each in failures)


def _figures(instance: dg.DagsterInstance, run_id: str) -> dict[str, Counter[str]]:
    """Read the run's counters from the instance, since a failed run's result omits them.

    Counters that are 0 are not among the metadata.
    """
    entries = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    materializations = [each.asset_materialization for each in entries]
    return {
        each.partition: Counter(
            {
                name.removeprefix("run/"): entry.value
                for name, entry in each.metadata.items()
                if isinstance(entry, dg.IntMetadataValue)
            }
        )
        for each in materializations
        if each and each.asset_key == LIBRARY_IDENTITY and each.partition
    }
