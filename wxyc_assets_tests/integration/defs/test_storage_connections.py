"""A run reuses its connections to Dagster's storage; counted by PostgreSQL."""

import dagster as dg
import psycopg

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
