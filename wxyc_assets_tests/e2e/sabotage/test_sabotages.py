"""Each sabotage fails the job that a person runs, by the checks that name it and by no others."""

import pytest

from wxyc_assets_tests.e2e.sabotage.conftest import StationOn
from wxyc_assets_tests.e2e.sabotage.sabotages import SABOTAGES, Sabotage


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda each: each.name)
def test_a_sabotage_is_named(
    sabotage: Sabotage, station_on: StationOn, healthy_template: str, new_station_template: str
) -> None:
    template = new_station_template if sabotage.is_first_run else healthy_template
    with station_on(template) as station:
        sabotage.do(station)
        verdict = station.run(sabotage.job, sabotage.run_config)
        after = station.run("coverage_gates") if sabotage.next_day else None
    assert not verdict.succeeded
    assert verdict.failed == sabotage.failed, verdict.story
    assert sabotage.trouble in verdict.trouble
    if after is not None:
        assert not after.succeeded
        assert after.failed == sabotage.next_day, after.story
