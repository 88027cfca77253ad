import dagster as dg

from wxyc_assets.definitions import defs
from wxyc_assets.defs import freshness
from wxyc_assets.defs.jobs import all_ranges
from wxyc_assets.defs.schedules import schedules

IDENTITY_GRAPH = {"library_candidates", "lml_resolutions", "library_identity"}


def test_every_schedule_is_off_until_somebody_turns_it_on() -> None:
    assert schedules
    for each in schedules:
        assert each.default_status is dg.DefaultScheduleStatus.STOPPED


def test_the_weekly_schedule_takes_the_identity_graph_over_all_ranges() -> None:
    weekly = defs.resolve_schedule_def("identities_weekly")
    job = defs.resolve_job_def(weekly.job_name)
    selected = {key.to_user_string() for key in job.asset_layer.selected_asset_keys}
    assert selected == IDENTITY_GRAPH
    assert all_ranges.items() <= job.run_tags.items()
    (request,) = weekly.evaluate_tick(dg.build_schedule_context()).run_requests or [None]
    assert request is not None
    assert request.partition_key is None


def test_the_identity_graph_is_promised_weekly() -> None:
    graph = defs.resolve_asset_graph()
    for name in IDENTITY_GRAPH:
        assert graph.get(dg.AssetKey(name)).freshness_policy == freshness.weekly
