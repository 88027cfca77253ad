"""A run asks for itself in Dagster's storage, which may be away, before it ends."""

from pathlib import Path

import dagster as dg

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
