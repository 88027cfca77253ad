"""The rehearsal on a small rotation."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from wxyc_sandbox.rehearsal import (
    PRODUCTION,
    SINGLE,
    Model,
    RefreshSetting,
    RehearsalOutcome,
    RehearsalScenario,
    Spread,
    rehearse,
    rehearse_all,
    scenarios,
)
from wxyc_sandbox.rehearsal_report import plot, recommend, rejection_reason, tables

COLD = RehearsalScenario(others=6, identities=60)
QUIET = replace(COLD, others=0)


def test_a_call_of_twenty_cold_identities_is_too_long_for_one_worker() -> None:
    assert rehearse(COLD, RefreshSetting(rate=0, batch_size=20)).edge_timeouts > 0
    assert rehearse(COLD, RefreshSetting(rate=0, batch_size=10)).edge_timeouts == 0


def test_one_worker_with_fifty_per_minute_manages_fifty_identities() -> None:
    outcome = rehearse(replace(QUIET, model=SINGLE), RefreshSetting(rate=0, batch_size=50))
    assert outcome.edge_timeouts == 0
    assert 200 < outcome.batches.max < 300


@pytest.mark.parametrize("model", [PRODUCTION, SINGLE])
@pytest.mark.parametrize("in_flight", [1, 2])
@pytest.mark.parametrize("rate", [10, 15, 30])
def test_in_no_minute_does_more_than_the_rate_arrive_at_discogs(
    model: Model, rate: int, in_flight: int
) -> None:
    outcome = rehearse(replace(COLD, model=model), RefreshSetting(rate, 20, in_flight))
    assert 0.5 * rate <= outcome.most_of_ours <= rate
    assert outcome.failed == 0


def test_a_call_takes_as_many_identities_as_half_a_minute_pays_for() -> None:
    outcome = rehearse(replace(QUIET, identities=20), RefreshSetting(rate=48, batch_size=20))
    again = rehearse(replace(QUIET, identities=20), RefreshSetting(rate=48, batch_size=4))
    assert replace(outcome, setting=again.setting) == again


def test_a_warm_cache_costs_discogs_little() -> None:
    setting = RefreshSetting(rate=20, batch_size=10)
    warm, cold = rehearse(replace(QUIET, is_warm=True), setting), rehearse(QUIET, setting)
    assert warm.requests < cold.requests / 3
    assert warm.batches.max < cold.batches.max


def test_a_higher_rate_slows_other_callers_down() -> None:
    alone = rehearse(COLD, None)
    gently = rehearse(COLD, RefreshSetting(rate=15, batch_size=10))
    roughly = rehearse(COLD, RefreshSetting(rate=0, batch_size=10, in_flight=3))
    assert alone.others.p95 < gently.others.p95 < roughly.others.p95
    assert roughly.minutes < gently.minutes


def test_a_rehearsal_can_be_repeated() -> None:
    setting = RefreshSetting(rate=15, batch_size=10, in_flight=2)
    first, second = (rehearse(COLD, setting) for _ in range(2))
    assert first == second


def outcome(
    setting: RefreshSetting | None, *, minutes: float, p95: float = 5.0, longest: float = 200
) -> RehearsalOutcome:
    return RehearsalOutcome(
        scenario=COLD,
        setting=setting,
        minutes=minutes,
        requests=20.0,
        most_requests=25,
        most_of_ours=15,
        batches=Spread(100, 150, longest),
        others=Spread(0.0, p95, 15),
        edge_timeouts=0,
        failed=0,
    )


ALONE = outcome(None, minutes=60, p95=2.0)


def test_the_gentlest_of_those_that_are_fast_is_recommended() -> None:
    outcomes = [
        ALONE,
        outcome(RefreshSetting(20, 10), minutes=100),
        outcome(RefreshSetting(0, 10), minutes=50),
        outcome(RefreshSetting(15, 10), minutes=110),
        outcome(RefreshSetting(15, 5), minutes=110),
        outcome(RefreshSetting(10, 10), minutes=165),
        outcome(RefreshSetting(10, 10, in_flight=2), minutes=110),
        outcome(RefreshSetting(12, 50), minutes=90, longest=290),
        outcome(RefreshSetting(12, 10, in_flight=3), minutes=50, p95=12),
    ]
    advice = recommend(outcomes, COLD)
    assert advice.setting == RefreshSetting(15, 10)
    assert "LML_RATE_PER_MIN=15, REFRESH_BATCH_SIZE=10" in advice.why
    assert "3 settings do not fit" in advice.why


def test_a_rate_that_leaves_the_others_too_little_of_the_cap_does_not_fit() -> None:
    busy = replace(COLD, others=20)
    at_the_cap = replace(outcome(RefreshSetting(30, 10), minutes=60), scenario=busy)
    above = replace(outcome(RefreshSetting(31, 10), minutes=60), scenario=busy)
    assert rejection_reason(at_the_cap, ALONE.others) is None
    assert rejection_reason(above, ALONE.others) == (
        "31 of ours and 20 of others are above Discogs's cap of 50 a minute"
    )
    assert "cap of 50 a minute" in (
        rejection_reason(outcome(RefreshSetting(0, 10), minutes=60), ALONE.others) or ""
    )


def test_what_the_refresh_adds_to_the_wait_of_others_is_limited() -> None:
    for alone in (2.0, 20.0):
        others = replace(ALONE.others, p95=alone)
        fits, slow = (
            outcome(RefreshSetting(15, 5), minutes=60, p95=alone + added) for added in (7.4, 7.6)
        )
        assert rejection_reason(fits, others) is None
        assert "others wait 0.0 s longer (p95 7.6 s)" in (rejection_reason(slow, others) or "")


def test_the_others_are_an_option_and_20_a_minute_by_default() -> None:
    assert {each.others for each in scenarios(6)} == {6}
    assert RehearsalScenario().others == 20
    worst = scenarios(20)[0]
    assert (worst.model, worst.is_warm) == (PRODUCTION, False)


def test_nothing_is_recommended_if_nothing_fits() -> None:
    advice = recommend([ALONE, outcome(RefreshSetting(15, 5), minutes=1, p95=60)], COLD)
    assert advice.setting is None


def test_every_outcome_is_a_row_with_its_rejection_reason(tmp_path: Path) -> None:
    outcomes = list(rehearse_all([COLD], [RefreshSetting(0, 20), RefreshSetting(30, 2)]))
    (rows,) = tables(outcomes)
    assert rows.row_count == 3
    assert "no limit of ours" in (rejection_reason(outcomes[1], outcomes[0].others) or "")
    assert {each.scenario.model for each in outcomes} == {PRODUCTION}
    picture = tmp_path / "rehearsal.png"
    plot(outcomes, picture)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_tables_fit_80_columns_with_every_number_whole() -> None:
    busiest = RefreshSetting(30, 50, in_flight=2)
    spread = Spread(120.4, 299.9, 300.0)
    widest = replace(
        outcome(busiest, minutes=419.4), batches=spread, others=spread, edge_timeouts=29
    )
    (rows,) = tables([ALONE, widest])
    screen = Console(width=80, file=StringIO(), record=True)
    screen.print(rows)
    shown = screen.export_text()
    assert max(map(len, shown.splitlines())) <= 80
    for number in ("419", "20.0 25", "120 300 300", "120.4 299.9 300.0", "29 calls took"):
        assert number in shown
    assert "…" not in shown
