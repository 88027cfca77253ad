"""The asset, its checks and the sensor, over a real PostgreSQL and an ephemeral instance."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from wxyc_assets.definitions import defs
from wxyc_assets.defs.coverage_sensor import coverage_follows_backfills
from wxyc_assets.defs.library_coverage import library_coverage, library_coverage_gates
from wxyc_assets.defs.resources import DatabaseResource, ScopeResource
from wxyc_assets.domain.gates.evaluation import CHECK_DESCRIPTIONS
from wxyc_assets_tests.support.backend_db import BackendDb


@dataclass
class CoverageGraph:
    """Runs the asset and its checks over the tables of `shelf`."""

    backend_db: BackendDb
    instance: dg.DagsterInstance
    scope: ScopeResource = field(default_factory=lambda: ScopeResource(include_null_canonical=True))

    def run(
        self, *, checks_only: bool = False, floors: dict[str, float] | None = None
    ) -> dg.ExecuteInProcessResult:
        selection = dg.AssetSelection.checks(library_coverage_gates)
        if not checks_only:
            selection |= dg.AssetSelection.assets(library_coverage)
        job = dg.define_asset_job("gates", selection=selection)
        config: dict[str, Any] = {
            "ops": {"library_coverage_gates": {"config": floors or {}}},
        }
        database = DatabaseResource(
            url=self.backend_db.url, schema_name="wxyc_schema", assets_schema_name="wxyc_assets"
        )
        definitions = dg.Definitions(
            assets=[library_coverage],
            asset_checks=[library_coverage_gates],
            jobs=[job],
            resources={"database": database, "scope": self.scope},
        )
        return definitions.resolve_job_def("gates").execute_in_process(
            instance=self.instance, run_config=config, raise_on_error=False
        )


def failed(result: dg.ExecuteInProcessResult) -> list[str]:
    return [each.check_name for each in result.get_asset_check_evaluations() if not each.passed]


@pytest.fixture
def graph(backend_db: BackendDb) -> Iterator[CoverageGraph]:
    for library_id in range(1, 101):
        backend_db.record(library_id)
        backend_db.identity(library_id, datetime.now(UTC))
    with dg.DagsterInstance.ephemeral() as instance:
        yield CoverageGraph(backend_db, instance)


def test_a_covered_library_passes_every_check(
    graph: CoverageGraph, capsys: pytest.CaptureFixture[str]
) -> None:
    result = graph.run()
    assert result.success
    evaluations = result.get_asset_check_evaluations()
    assert {each.check_name for each in evaluations} == {*CHECK_DESCRIPTIONS}
    assert all(each.passed and each.blocking for each in evaluations)
    assert "passes: the_library_is_covered: 100 of 100 records" in capsys.readouterr().out


def test_a_failed_check_fails_the_run_and_the_others_are_reported_all_the_same(
    graph: CoverageGraph, capsys: pytest.CaptureFixture[str]
) -> None:
    graph.backend_db.execute("delete from library_identity where library_id > 98")
    result = graph.run()
    assert not result.success
    assert failed(result) == ["the_library_is_covered"]
    assert len(result.get_asset_check_evaluations()) == len(CHECK_DESCRIPTIONS)
    (found,) = [each for each in result.get_asset_check_evaluations() if not each.passed]
    assert found.severity is dg.AssetCheckSeverity.ERROR
    values = {name: each.value for name, each in found.metadata.items()}
    assert (values["number"], values["floor"], values["open"]) == (0.98, 0.99, 2)
    assert values["offenders"] == ["0000001-0002500: 2 records (99, 100)"]
    printed = capsys.readouterr().out
    assert "FAILS: the_library_is_covered: 98 of 100" in printed
    assert "98.00%, the floor is 99.00%. 1 more is needed." in printed


def test_the_floors_of_one_run_can_be_set(graph: CoverageGraph) -> None:
    graph.backend_db.execute("delete from library_identity where library_id > 98")
    assert graph.run(floors={"coverage": 0.98}).success


def test_the_scope_follows_the_setting(graph: CoverageGraph) -> None:
    graph.backend_db.execute("delete from library_identity where library_id > 50")
    graph.backend_db.execute("update library set canonical_entity_id = null where id > 50")
    assert failed(graph.run()) == ["the_library_is_covered"]
    graph.scope = ScopeResource(include_null_canonical=False)
    assert graph.run().success


def test_a_loss_since_an_earlier_snapshot_fails_the_check_until_it_is_restored(
    graph: CoverageGraph,
) -> None:
    graph.run()
    backend_db = graph.backend_db
    backend_db.execute("delete from library_identity where library_id = 7")
    assert failed(graph.run(floors={"coverage": 0.9})) == ["identity_coverage_holds"]
    assert failed(graph.run(floors={"coverage": 0.9, "snapshots": 1})) == []
    backend_db.identity(7, datetime.now(UTC))
    assert graph.run().success


def test_the_checks_alone_evaluate_the_newest_snapshot(graph: CoverageGraph) -> None:
    nothing = graph.run(checks_only=True)
    (event,) = [each for each in nothing.all_events if each.is_step_failure]
    failure = event.step_failure_data.user_failure_data
    assert failure
    assert "There is no snapshot to evaluate" in (failure.description or "")
    graph.run()
    result = graph.run(checks_only=True)
    assert result.success
    assert len(result.get_asset_check_evaluations()) == len(CHECK_DESCRIPTIONS)
    assert graph.backend_db.value("select count(distinct run_id) from coverage_snapshot") == 1


def test_ranges_about_to_run_out_warn_and_fail_nothing(graph: CoverageGraph) -> None:
    graph.backend_db.record(79_000)
    graph.backend_db.identity(79_000, datetime.now(UTC))
    result = graph.run()
    assert result.success
    (found,) = [each for each in result.get_asset_check_evaluations() if not each.passed]
    assert found.severity is dg.AssetCheckSeverity.WARN
    graph.backend_db.record(80_001)
    assert "no_row_lies_past_the_last_range" in failed(graph.run())


def test_metadata_holds_numbers_and_self_contained_charts(graph: CoverageGraph) -> None:
    result = graph.run()
    (done,) = result.asset_materializations_for_node("library_coverage")
    metadata = {name: each.value for name, each in done.metadata.items()}
    assert (metadata["in_scope"], metadata["identified"]) == (100, 100)
    assert type(metadata["share_covered"]) is float
    assert metadata["dagster/row_count"] == graph.backend_db.value(
        "select count(*) from coverage_snapshot"
    )
    for name in ("over_time", "by_cohort"):
        assert "](data:image/svg+xml;base64," in str(metadata[name])
    assert "| all | 100 | 100 | 100% |" in str(metadata["by_cohort"])


def test_a_run_is_one_snapshot(graph: CoverageGraph) -> None:
    graph.run()
    graph.run()
    rows = graph.backend_db.rows("select run_id from coverage_snapshot where dimension = 'all'")
    assert len(rows) == len({row["run_id"] for row in rows}) == 2


def test_the_asset_is_wired_into_the_graph_the_jobs_and_the_schedule() -> None:
    assets = defs.resolve_asset_graph()
    node = assets.get(library_coverage.key)
    parents = {key.to_user_string() for key in node.parent_keys}
    assert parents == {"library_identity", "library_artwork"}
    assert node.partitions_def is None
    for name in ("library_full", "coverage_gates"):
        layer = defs.resolve_job_def(name).asset_layer
        assert library_coverage.key in layer.selected_asset_keys
        checks = {key.name for key in layer.asset_graph.asset_check_keys}
        assert {*CHECK_DESCRIPTIONS} <= checks
    schedule = defs.resolve_schedule_def("coverage_daily")
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    assert coverage_follows_backfills.default_status is dg.DefaultSensorStatus.RUNNING


@dataclass
class Sensor:
    """The sensor over an instance, with its cursor."""

    instance: dg.DagsterInstance
    cursor: str | None = None

    def tick(self) -> list[str | None]:
        with dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, repository_def=defs.get_repository_def()
        ) as context:
            requests = coverage_follows_backfills.evaluate_tick(context).run_requests
            self.cursor = context.cursor
        return [each.run_key for each in requests or ()]

    def backfill(self, name: str, *assets: str, ended: datetime | None) -> None:
        keys = [dg.AssetKey(each) for each in assets]
        status = BulkActionStatus.COMPLETED_FAILED if ended else BulkActionStatus.REQUESTED
        self.instance.add_backfill(
            PartitionBackfill(
                backfill_id=name,
                status=status,
                from_failure=False,
                tags={},
                backfill_timestamp=(datetime.now(UTC) - timedelta(hours=1)).timestamp(),
                asset_selection=keys,
                backfill_end_timestamp=ended.timestamp() if ended else None,
            )
        )


@pytest.fixture
def sensor() -> Iterator[Sensor]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Sensor(instance)


def test_a_backfill_that_ended_is_followed_by_one_snapshot(sensor: Sensor) -> None:
    sensor.backfill("before", "library_identity", ended=datetime.now(UTC) - timedelta(minutes=1))
    assert sensor.tick() == []
    now = datetime.now(UTC)
    sensor.backfill("identities", "library_candidates", "library_identity", ended=now)
    sensor.backfill("covers", "library_artwork", ended=now)
    sensor.backfill("running", "library_identity", ended=None)
    sensor.backfill("with it", "library_identity", "library_coverage", ended=now)
    sensor.backfill("others", "rotation_cache", ended=now)
    assert sorted(map(str, sensor.tick())) == ["covers", "identities"]
    running = sensor.instance.get_backfill("running")
    assert running
    sensor.instance.update_backfill(running.with_end_timestamp(datetime.now(UTC).timestamp()))
    assert "running" in sensor.tick()
