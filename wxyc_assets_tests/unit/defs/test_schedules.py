import re
from pathlib import Path

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


PAGE = Path(__file__).parents[3] / "docs" / "contracts" / "jobs-before-us.md"
DAY = 24 * 60
REPLACED = {"rotation_daily": "`rotation-artist-backfill`"}
"""Schedules that take over the slot of the job that they replace."""


def taken_slots() -> dict[int, str]:
    """Return the slots of the station's calendar in minutes of the day, with the job in each."""
    calendar = PAGE.read_text().partition("## The station's calendar (UTC)")[2]
    taken: dict[int, str] = {}
    for slots, job in re.findall(r"^\| (.+?) \| (.+?) \|$", calendar, re.MULTILINE):
        for hour, minute in re.findall(r"(\d\d):(\d\d)", slots):
            taken[60 * int(hour) + int(minute)] = job
        for minute in re.findall(r"hourly at :(\d\d)", slots):
            taken |= {60 * hour + int(minute): job for hour in range(24)}
    return taken


def slot(schedule: dg.ScheduleDefinition) -> int:
    """Return the minute of the day, UTC, at which a schedule runs."""
    assert schedule.execution_timezone == "UTC"
    minute, hour, *_ = str(schedule.cron_schedule).split()
    return 60 * int(hour) + int(minute)


def distance(one: int, other: int) -> int:
    return min((one - other) % DAY, (other - one) % DAY)


def test_the_calendar_is_read_as_it_is_written() -> None:
    taken = taken_slots()
    assert taken[4 * 60 + 30] == REPLACED["rotation_daily"]
    assert taken[18 * 60 + 47] == "heavy jobs"
    assert taken[23 * 60 + 10].startswith("a job that paces itself")
    assert len(taken) == 8 + 1 + 1 + 1 + 3 + 1 + 1 + 24


def test_a_schedule_sits_in_a_free_slot_or_in_that_of_the_job_it_replaces() -> None:
    taken = taken_slots()
    assert {each.name: taken.get(slot(each)) for each in schedules} == {
        each.name: REPLACED.get(each.name) for each in schedules
    }


def test_a_new_slot_is_an_hour_from_every_heavy_job_and_from_our_own() -> None:
    is_small = re.compile("light|paces itself")
    heavy = [each for each, job in taken_slots().items() if not is_small.search(job)]
    for schedule in schedules:
        others = [slot(each) for each in schedules if each is not schedule]
        if schedule.name not in REPLACED:
            assert min(distance(slot(schedule), each) for each in heavy + others) >= 60
