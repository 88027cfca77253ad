import dagster as dg
import yaml

from wxyc_assets.definitions import defs as on_one_machine
from wxyc_assets.defs.run_alerts import in_process_executor
from wxyc_assets.on_celery import defs
from wxyc_assets_tests.e2e.distribution.site import WORKER_YAML


def test_it_is_the_same_code_location() -> None:
    dg.Definitions.validate_loadable(defs)
    here, there = on_one_machine.resolve_asset_graph(), defs.resolve_asset_graph()
    assert there.get_all_asset_keys() == here.get_all_asset_keys()
    assert there.asset_check_keys == here.asset_check_keys
    for kind in ("jobs", "schedules", "sensors"):
        names = [{each.name for each in getattr(each, kind)} for each in (on_one_machine, defs)]
        assert names[0] == names[1]


def test_steps_go_to_workers_but_for_those_that_may_not_begin_twice() -> None:
    in_process = {
        each.name for each in defs.resolve_all_job_defs() if each.executor_def.name != "celery"
    }
    assert in_process == {"rotation_job"}
    daily = defs.resolve_schedule_def("rotation_daily")
    assert daily.job.executor_def is in_process_executor


def test_a_workers_end_gives_its_step_back() -> None:
    settings = yaml.safe_load(WORKER_YAML.read_text())["execution"]["config"]["config_source"]
    assert settings["task_acks_late"]
    assert settings["task_reject_on_worker_lost"]
    assert settings["broker_transport_options"]["visibility_timeout"] <= 900
