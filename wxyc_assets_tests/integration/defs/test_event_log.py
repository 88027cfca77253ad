"""Occurrences read from the event log of real runs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from wxyc_assets.defs import event_log
from wxyc_assets.defs.event_log import SETTLED_AFTER, Cursor
from wxyc_assets.domain.alerts import Failure, Kind, Level, Occurrence, Success

FIRST, SECOND = "0000001-0002500", "0002501-0005000"
ranges = dg.StaticPartitionsDefinition([FIRST, SECOND])


class OutcomeConfig(dg.Config):
    """The outcome that a run should have."""

    failing: bool = False
    uncovered: bool = False


@dg.asset(partitions_def=ranges, backfill_policy=dg.BackfillPolicy.single_run())
def covers(config: OutcomeConfig) -> None:
    if config.failing:
        raise dg.Failure(
            "LML stopped us", metadata={"open_ranges": dg.MetadataValue.json([FIRST, SECOND])}
        )


@dg.asset
def coverage() -> None:
    """The asset that the checks below are about."""


def check_result(config: OutcomeConfig, **changes: Any) -> dg.AssetCheckResult:
    usual: dict[str, Any] = {
        "passed": not config.uncovered,
        "description": "0.97 of the library is covered",
        "metadata": {"covered": 0.97, "odd": float("nan"), "ranges": [FIRST], "why": "a loss"},
    }
    return dg.AssetCheckResult(**usual | changes)


@dg.asset_check(asset=coverage, blocking=True)
def is_covered(config: OutcomeConfig) -> dg.AssetCheckResult:
    return check_result(config)


@dg.asset_check(asset=coverage)
def is_fresh(config: OutcomeConfig) -> dg.AssetCheckResult:
    return check_result(config, severity=dg.AssetCheckSeverity.WARN)


@dg.asset(deps=[coverage])
def report() -> None:
    """Downstream of the check."""


defs = dg.Definitions(
    assets=[covers, coverage, report],
    asset_checks=[is_covered, is_fresh],
    jobs=[
        dg.define_asset_job("covers_job", selection=[covers]),
        dg.define_asset_job("coverage_job", selection=[coverage, report]),
    ],
)
BEGINNING = Cursor()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def run_covers(instance: dg.DagsterInstance, *, failing: bool = False, **more: Any) -> str:
    job = defs.resolve_job_def("covers_job")
    config = {"ops": {"covers": {"config": {"failing": failing}}}}
    return job.execute_in_process(
        run_config=config, instance=instance, raise_on_error=False, **more
    ).run_id


def run_coverage(instance: dg.DagsterInstance, *, uncovered: bool = False) -> str:
    job = defs.resolve_job_def("coverage_job")
    outcome = {"config": {"uncovered": uncovered}}
    config = {"ops": {"coverage_is_covered": outcome, "coverage_is_fresh": outcome}}
    return job.execute_in_process(run_config=config, instance=instance, raise_on_error=False).run_id


def everything(instance: dg.DagsterInstance) -> list[Occurrence]:
    return event_log.since(instance, BEGINNING, datetime.now(UTC))[0]


def test_a_failed_run_is_a_failure_with_its_reason_and_numbers(
    instance: dg.DagsterInstance,
) -> None:
    run_id = run_covers(instance, failing=True, partition_key=FIRST)
    (found,) = everything(instance)
    assert isinstance(found, Failure)
    assert found.run_id == run_id
    assert found.text == "covers: LML stopped us"
    assert found.numbers == {"failed_steps": 1, "open_ranges.count": 2}
    assert found.facts["steps"] == "covers"
    assert (found.subject.kind, found.subject.name) == (Kind.RUN, "covers_job")
    assert found.subject.id_range == FIRST
    assert abs(datetime.now(UTC) - found.at) < timedelta(minutes=5)


def test_a_run_over_several_ranges_names_them_as_one(instance: dg.DagsterInstance) -> None:
    tags = {
        "dagster/asset_partition_range_start": FIRST,
        "dagster/asset_partition_range_end": SECOND,
    }
    run_covers(instance, failing=True, tags=tags)
    (found,) = everything(instance)
    assert found.subject.id_range == "0000001-0005000"


def test_a_successful_run_has_the_subject_of_the_failed_one(instance: dg.DagsterInstance) -> None:
    run_covers(instance, failing=True, partition_key=FIRST)
    run_covers(instance, partition_key=FIRST)
    run_covers(instance, partition_key=SECOND)
    failed, succeeded, elsewhere = everything(instance)
    assert isinstance(succeeded, Success)
    assert failed.subject == succeeded.subject != elsewhere.subject


def test_a_check_that_fails_a_run_is_one_failure_not_two(instance: dg.DagsterInstance) -> None:
    run_id = run_coverage(instance, uncovered=True)
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.FAILURE
    found = {each.subject.name: each for each in everything(instance)}
    blocking, warning = found["is_covered"], found["is_fresh"]
    assert len(found) == 2
    assert isinstance(blocking, Failure)
    assert isinstance(warning, Failure)
    assert (blocking.level, warning.level) == (Level.ERROR, Level.WARNING)
    assert blocking.subject.asset == "coverage"
    assert blocking.text == "0.97 of the library is covered"
    assert blocking.numbers == {"covered": 0.97, "ranges.count": 1}
    assert blocking.facts == {"blocking": "yes", "ranges": f'["{FIRST}"]', "why": "a loss"}
    assert blocking.run_id == run_id


def test_checks_that_pass_are_successes(instance: dg.DagsterInstance) -> None:
    run_coverage(instance)
    kinds = [type(each) for each in everything(instance)]
    assert kinds == [Success] * 3  # the run, and two checks


def test_a_run_that_died_without_a_step_has_its_last_message(instance: dg.DagsterInstance) -> None:
    job = defs.resolve_job_def("covers_job")
    run = instance.create_run_for_job(job, tags={"dagster/partition": FIRST})
    instance.report_run_failed(run, "The run worker vanished")
    (found,) = everything(instance)
    assert isinstance(found, Failure)
    assert found.text == "The run worker vanished"


def test_a_run_of_selected_assets_is_named_after_them(instance: dg.DagsterInstance) -> None:
    job = defs.resolve_implicit_global_asset_job_def()
    job.execute_in_process(
        run_config={"ops": {"covers": {"config": {"failing": True}}}},
        instance=instance,
        asset_selection=[dg.AssetKey("covers")],
        partition_key=FIRST,
        raise_on_error=False,
    )
    (found,) = everything(instance)
    assert (found.subject.name, found.subject.asset) == ("covers", "covers")


def test_after_the_end_of_the_log_there_is_nothing(instance: dg.DagsterInstance) -> None:
    run_covers(instance, failing=True, partition_key=FIRST)
    run_coverage(instance, uncovered=True)
    cursor = event_log.end_of_log(instance)
    assert event_log.since(instance, cursor, datetime.now(UTC))[0] == []
    run_coverage(instance)
    assert len(event_log.since(instance, cursor, datetime.now(UTC))[0]) == 3


def test_recent_events_are_read_again_and_settled_ones_are_not(
    instance: dg.DagsterInstance,
) -> None:
    run_coverage(instance, uncovered=True)
    young, cursor = event_log.since(instance, BEGINNING, datetime.now(UTC))
    assert cursor == BEGINNING
    later = datetime.now(UTC) + SETTLED_AFTER * 2
    again, cursor = event_log.since(instance, cursor, later)
    assert again == young
    assert event_log.since(instance, cursor, later)[0] == []


def test_events_from_a_clock_that_is_ahead_do_not_hold_up_the_cursor(
    instance: dg.DagsterInstance,
) -> None:
    run_coverage(instance, uncovered=True)
    our_clock = datetime.now(UTC) - timedelta(minutes=10)
    found, cursor = event_log.since(instance, BEGINNING, our_clock)
    assert found
    assert event_log.since(instance, cursor, our_clock)[0] == []


def test_a_cursor_is_parsed_as_it_was_dumped() -> None:
    assert Cursor.parse(Cursor(3, 4, 5).dump()) == Cursor(3, 4, 5)
