"""A run asks for itself in Dagster's storage, which may be away; a column is looked for once."""

from pathlib import Path
from typing import Any

import dagster as dg
import psycopg

from wxyc_assets.defs.dagster_storage import stored_run


@dg.job
def nothing() -> None: ...


def test_a_storage_that_stays_away_is_not_waited_for_forever(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        run_id = nothing.execute_in_process(instance=instance).run_id
        run = stored_run(instance, run_id)
        assert run
        assert run.run_id == run_id
        (tmp_path / "history").rename(tmp_path / "elsewhere")
        assert stored_run(instance, run_id, at_most=0.1) is None


def test_a_column_is_looked_for_until_it_is_there(
    production_instance: dg.DagsterInstance, database: str
) -> None:
    storage: Any = production_instance.event_log_storage
    with psycopg.connect(database, autocommit=True) as connection:
        assert not storage.has_asset_key_col("of_a_migration")
        connection.execute("alter table asset_keys add column of_a_migration text")
        assert storage.has_asset_key_col("of_a_migration")
        connection.execute("alter table asset_keys drop column of_a_migration")
        assert storage.has_asset_key_col("of_a_migration")
        assert not storage.has_asset_key_col("of_another")
