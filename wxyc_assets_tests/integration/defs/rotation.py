"""A station with a rotation: Backend's rows, a pretend LML, a pretend GitHub, the real assets."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg

from wxyc_assets.defs import rotation_cache, rotation_identities
from wxyc_assets.defs.resources import RotationGates
from wxyc_assets_tests.integration.defs.resources import database_at, lml_at
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.server import serve

MODULES = [rotation_identities, rotation_cache]


class RotationGraph:
    """`run` runs the rotation's assets and checks over the tables of one database."""

    def __init__(self, database_url: str, lml_url: str) -> None:
        self.backend_db = BackendDb(database_url)
        self.resources: dict[str, Any] = {
            "database": database_at(database_url),
            "lml": lml_at(lml_url),
            "rotation_gates": RotationGates(local_dev=True, github_token=""),
        }

    def rotate(
        self,
        *identities: int | None,
        killed_days_ago: int | None = None,
        artist: str = "Cat Power",
        release: int | None = 249_504,
    ) -> None:
        """Puts a release into the rotation for each identity; `release` is Discogs's id of it."""
        for identity in identities:
            self.backend_db.execute(
                "insert into rotation (rotation_bin, artist_name, album_title, lml_identity_id, "
                "discogs_release_id, kill_date) "
                "values ('H', %s, 'Moon Pix', %s, %s, current_date - %s::int)",
                artist,
                identity,
                release,
                killed_days_ago,
            )

    def rows(self) -> list[dict[str, Any]]:
        """Return the stored refreshes, the oldest first."""
        return self.backend_db.rows("select * from rotation_refresh order by started_at")

    def run(
        self, *assets: str, config: dict[str, Any] | None = None, **resources: Any
    ) -> dg.ExecuteInProcessResult:
        """These assets with their checks; none: all of them."""
        selection = dg.AssetSelection.assets(*assets) if assets else dg.AssetSelection.all()
        return self._run(selection, config, resources)

    def run_checks(self) -> dg.ExecuteInProcessResult:
        """The checks on the refresh, without a refresh."""
        checks = dg.AssetSelection.checks_for_assets(dg.AssetKey("rotation_cache"))
        return self._run(checks, None, {})

    def _run(
        self, selection: dg.AssetSelection, config: dict[str, Any] | None, more: dict[str, Any]
    ) -> dg.ExecuteInProcessResult:
        job = dg.define_asset_job("rotation", selection=selection)
        definitions = dg.Definitions(
            assets=dg.load_assets_from_modules(MODULES),
            asset_checks=dg.load_asset_checks_from_modules(MODULES),
            jobs=[job],
            resources=self.resources | more,
        )
        run_config = {"ops": {"rotation_cache": {"config": config}}} if config else None
        with dg.DagsterInstance.ephemeral() as instance:
            return definitions.resolve_job_def("rotation").execute_in_process(
                instance=instance, run_config=run_config, raise_on_error=False
            )


def changed(resource: Any, changes: dict[str, Any]) -> Any:
    """A resource with other values of some fields."""
    fields = {name: getattr(resource, name) for name in type(resource).model_fields}
    return type(resource)(**fields | changes)


@contextmanager
def station(database_url: str, lml: PretendLml) -> Iterator[RotationGraph]:
    with serve(lml) as lml_url:
        opened = RotationGraph(database_url, lml_url)
        with opened.backend_db:
            yield opened


def verdicts(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """Return the result of each check that was run."""
    return {each.check_name: each for each in result.get_asset_check_evaluations()}


def failures(result: dg.ExecuteInProcessResult) -> Sequence[str]:
    """Return the messages of the steps that failed."""
    said: list[str] = []
    for event in result.filter_events(lambda event: event.is_step_failure):
        error = event.step_failure_data.user_failure_data
        said.append((error and error.description) or str(event.step_failure_data.error))
    return said
