"""A loss does not become normal by itself, and a person can accept one."""

from wxyc_assets_tests.e2e.sabotage.sabotages import DISAPPEARED, HALF, WITHDRAW
from wxyc_assets_tests.e2e.sabotage.station import Station

TENTH = HALF.replace("number % 2 = 0", "number % 10 = 0")
NIGHTS = 40


def test_a_loss_is_not_normal_after_many_nights(station: Station) -> None:
    station.execute(TENTH + WITHDRAW)
    first = station.run("coverage_gates")
    assert first.failed == {DISAPPEARED}, first.story
    station.pass_days(NIGHTS)
    station.repeat_snapshot(NIGHTS - 1)
    assert DISAPPEARED in station.run("coverage_gates").failed


def test_an_intended_loss_is_accepted_by_a_person(station: Station) -> None:
    station.execute(TENTH + WITHDRAW)
    assert not station.run("coverage_gates").succeeded
    config = {"by": "Juana", "why": "a tenth of the library went to the archive"}
    accepted = station.run(
        "accept_coverage", {"ops": {"accept_newest_snapshot": {"config": config}}}
    )
    assert accepted.succeeded, accepted.story
    station.pass_days(1)
    after = station.run("coverage_gates")
    assert after.succeeded, after.story
    assert station.tables.rows(
        "select accepted_by, why from coverage_acceptance where why is not null"
    ) == [{"accepted_by": config["by"], "why": config["why"]}]
