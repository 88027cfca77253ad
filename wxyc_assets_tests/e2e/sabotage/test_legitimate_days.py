"""No check fails on a day on which nothing is wrong."""

import pytest

from wxyc_assets_tests.e2e.sabotage.conftest import StationOn
from wxyc_assets_tests.e2e.sabotage.legitimate_days import DAYS, Day


@pytest.mark.parametrize("day", DAYS, ids=lambda each: each.name)
def test_a_legitimate_day_passes(
    day: Day, station_on: StationOn, healthy_template: str, new_station_template: str
) -> None:
    template = new_station_template if day.is_first_run else healthy_template
    with station_on(template) as station:
        day.do(station)
        verdict = station.run(day.job, day.run_config)
    assert verdict.succeeded, verdict.story
    assert not verdict.failed, verdict.story
