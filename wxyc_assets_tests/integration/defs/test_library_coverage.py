"""The asset, its checks and the sensor, over a real PostgreSQL and an ephemeral instance."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from psycopg.types.json import Jsonb

from wxyc_assets.adapters.postgres.snapshot_rows import rules_row
from wxyc_assets.definitions import defs
from wxyc_assets.defs.accept_coverage import accept_coverage
from wxyc_assets.defs.coverage_sensor import coverage_follows_backfills
from wxyc_assets.defs.library_coverage import (
    AFTER_BACKFILL,
    library_coverage,
    library_coverage_gates,
)
from wxyc_assets.defs.resources import DatabaseResource, ScopeResource
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.domain.coverage import CoverageRules
from wxyc_assets.domain.gates.evaluation import CHECK_DESCRIPTIONS
from wxyc_assets_tests.integration.defs.resources import database_at
from wxyc_assets_tests.support.backend_db import BackendDb

WIDE_RUN, OTHER_RUN = (f"00000000-0000-4000-8000-00000000000{each}" for each in (1, 2))


@dataclass
class CoverageGraph:
    """Runs the asset and its checks over the tables of `shelf`."""

    backend_db: BackendDb
    instance: dg.DagsterInstance
    scope: ScopeResource = field(default_factory=lambda: ScopeResource(include_null_canonical=True))

    def run(
        self,
        *,
        checks_only: bool = False,
        floors: dict[str, float] | None = None,
        rules: str = "run",
        tags: dict[str, str] | None = None,
    ) -> dg.ExecuteInProcessResult:
        selection = dg.AssetSelection.checks(library_coverage_gates)
        if not checks_only:
            selection |= dg.AssetSelection.assets(library_coverage)
        job = dg.define_asset_job("gates", selection=selection)
        config: dict[str, Any] = {
            "ops": {"library_coverage_gates": {"config": floors or {}}},
        }
        if not checks_only:
            config["ops"]["library_coverage"] = {"config": {"rules": rules}}
        definitions = dg.Definitions(
            assets=[library_coverage],
            asset_checks=[library_coverage_gates],
            jobs=[job],
            resources={"database": self.database, "scope": self.scope},
        )
        return definitions.resolve_job_def("gates").execute_in_process(
            instance=self.instance, run_config=config, raise_on_error=False, tags=tags
        )

    def ran(self, run_id: str, key: str, *, is_wide: bool, backfill: str | None = None) -> None:
        """Put an identity run over one range on record."""
        tags = {"dagster/backfill": backfill} if backfill else {}
        self.instance.add_run(dg.DagsterRun(job_name="a job", run_id=run_id, tags=tags))
        rules = CoverageRules(Scope(include_null_canonical=is_wide))
        self.backend_db.execute(
            "insert into library_run (pipeline, run_id, started_at, is_whole, ranges, rules) "
            "values ('identity', %s, now(), false, %s, %s)",
            run_id,
            [key],
            Jsonb(rules_row(rules)),
        )

    def accept(self, why: str) -> dg.ExecuteInProcessResult:
        """Run the job that accepts the newest snapshot."""
        op = {"accept_newest_snapshot": {"config": {"by": "Ada", "why": why}}}
        definitions = dg.Definitions(jobs=[accept_coverage], resources={"database": self.database})
        return definitions.resolve_job_def("accept_coverage").execute_in_process(
            instance=self.instance, run_config={"ops": op}, raise_on_error=False
        )

    @property
    def database(self) -> DatabaseResource:
        return database_at(self.backend_db.url)


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
    assert "98%, the floor is 99%. 1 more is needed." in printed


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
    backend_db.execute("delete from library_identity where library_id <= 3")
    assert failed(graph.run(floors={"coverage": 0.9})) == ["identity_coverage_holds"]
    for library_id in (1, 2, 3):
        backend_db.identity(library_id, datetime.now(UTC))
    assert graph.run().success


def test_a_loss_stays_red_until_a_person_accepts_it(graph: CoverageGraph) -> None:
    assert graph.run().success
    graph.backend_db.execute("delete from library_identity where library_id > 90")
    graph.backend_db.execute("delete from library where id > 90")
    for _ in range(3):
        assert failed(graph.run()) == ["nothing_has_disappeared"]
    assert not graph.accept(" ").success
    assert graph.accept("10 records were withdrawn").success
    assert not graph.accept("again").success
    assert graph.run().success
    accepted = graph.backend_db.rows(
        "select accepted_by, why from coverage_acceptance order by accepted_at"
    )
    assert [tuple(each.values()) for each in accepted] == [
        ("checks", None),
        ("Ada", "10 records were withdrawn"),
        ("checks", None),
    ]


def test_a_lost_scope_is_red(graph: CoverageGraph) -> None:
    graph.scope = ScopeResource(include_null_canonical=False)
    assert graph.run().success
    graph.backend_db.execute("update library set canonical_entity_id = null")
    assert failed(graph.run()) == ["the_library_is_covered", "nothing_has_disappeared"]


def test_the_rules_judged_by_are_those_of_the_run(graph: CoverageGraph) -> None:
    graph.backend_db.execute("delete from library_identity where library_id > 50")
    graph.backend_db.execute("update library set canonical_entity_id = null where id > 50")
    graph.ran(WIDE_RUN, "0000001-0002500", is_wide=True)
    graph.scope = ScopeResource(include_null_canonical=False)
    assert failed(graph.run()) == ["the_library_is_covered"]
    assert graph.run(rules="environment").success
    stored = graph.backend_db.rows(
        "select rules ->> 'is_wide' as is_wide from coverage_snapshot where dimension = 'all' "
        "order by taken_at"
    )
    assert [each["is_wide"] for each in stored] == ["true", "false"]


def test_after_a_backfill_its_ranges_are_judged_and_nothing_is_accepted(
    graph: CoverageGraph,
) -> None:
    graph.backend_db.record(3_000)
    assert failed(graph.run(floors={"coverage": 1.0})) == ["the_library_is_covered"]
    graph.ran(WIDE_RUN, "0000001-0002500", is_wide=True, backfill="first")
    first = graph.run(floors={"coverage": 1.0}, tags={AFTER_BACKFILL: "first"})
    assert first.success
    (found,) = [
        each
        for each in first.get_asset_check_evaluations()
        if each.check_name == "the_library_is_covered"
    ]
    assert "Judged: the 1 range of the backfill." in (found.description or "")
    assert graph.backend_db.value("select count(*) from coverage_acceptance") == 0
    graph.ran(OTHER_RUN, "0002501-0005000", is_wide=True, backfill="second")
    second = graph.run(floors={"coverage": 1.0}, tags={AFTER_BACKFILL: "second"})
    assert failed(second) == ["the_library_is_covered", "identity_coverage_holds"]


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


def test_each_snapshot_says_that_the_library_was_read(graph: CoverageGraph) -> None:
    library = dg.AssetKey("library")
    graph.run(checks_only=True)
    assert graph.instance.get_latest_materialization_event(library) is None
    graph.run()
    graph.run()
    read = graph.instance.fetch_materializations(library, limit=10).records
    assert [each.asset_materialization.metadata for each in read if each.asset_materialization] == [
        {"dagster/row_count": dg.MetadataValue.int(100)}
    ] * 2


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


def test_a_daemon_whose_clock_is_behind_has_its_backfill_followed(sensor: Sensor) -> None:
    now = datetime.now(UTC)
    sensor.cursor = json.dumps([(now - timedelta(days=1)).isoformat(), now.isoformat()])
    ended = now - timedelta(minutes=10)
    sensor.backfill("identities", "library_identity", ended=ended)
    assert sensor.tick() == ["identities"]


def test_the_first_backfill_is_followed_though_our_clock_is_ahead_of_the_daemons(
    sensor: Sensor,
) -> None:
    assert sensor.tick() == []
    daemons_clock = datetime.now(UTC) - timedelta(minutes=10)
    sensor.backfill("identities", "library_identity", ended=daemons_clock)
    assert sensor.tick() == ["identities"]
