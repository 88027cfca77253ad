"""Events share connections to Dagster's storage; counted by PostgreSQL."""

import dagster as dg
import psycopg

from wxyc_assets.defs.jobs import all_ranges
from wxyc_assets.defs.partitions import library_ranges, range_asset
from wxyc_assets.defs.run_alerts import in_process_executor

EVENTS = 40
SESSIONS = "select sessions from pg_stat_database where datname = current_database()"


@dg.op(config_schema={"url": str})
def log_events(context: dg.OpExecutionContext) -> dg.Output[None]:
    with psycopg.connect(context.op_config["url"], autocommit=True) as connection:
        (before,) = connection.execute(SESSIONS).fetchone() or (0,)
        for number in range(EVENTS):
            context.log.info("event %d", number)
        (after,) = connection.execute(SESSIONS).fetchone() or (0,)
    return dg.Output(None, metadata={"sessions": after - before})


@dg.job(executor_def=in_process_executor)
def logging_job() -> None:
    log_events()


@range_asset(dagster_type=dg.Nothing)
def ranged() -> None: ...


ranged_job = dg.define_asset_job("ranged_job", [ranged])


def test_events_share_connections(database: str, production_instance: dg.DagsterInstance) -> None:
    config = {"ops": {"log_events": {"config": {"url": database}}}}
    with dg.execute_job(
        dg.reconstructable(logging_job), production_instance, run_config=config
    ) as result:
        assert result.success
        (output,) = (each for each in result.all_events if each.is_successful_output)
    logged = production_instance.all_logs(result.run_id)
    assert sum("event" in each.user_message for each in logged) >= EVENTS
    sessions = output.step_output_data.metadata["sessions"].value
    assert isinstance(sessions, int)
    assert sessions < EVENTS / 2


def test_the_ranges_of_a_run_share_connections(
    database: str, production_instance: dg.DagsterInstance
) -> None:
    job = dg.Definitions(assets=[ranged], jobs=[ranged_job]).resolve_job_def("ranged_job")
    with psycopg.connect(database, autocommit=True) as connection:
        (before,) = connection.execute(SESSIONS).fetchone() or (0,)
        run = production_instance.create_run_for_job(job, tags=all_ranges)
        (after,) = connection.execute(SESSIONS).fetchone() or (0,)
    planned = production_instance.all_logs(
        run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
    )
    assert len(planned) == len(library_ranges.get_partition_keys())
    assert after - before < len(planned) / 2
