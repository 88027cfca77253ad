"""Everyone gets a share, and no slot lies idle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.domain.contention import Contention


@pytest.mark.parametrize(
    ("slots", "processes", "fair_share", "in_turn", "turns_out"),
    [(8, 2, 4, 0, 0), (8, 3, 2, 2, 0.5), (2, 3, 0, 2, 0.5), (1, 4, 0, 1, 3), (3, 3, 1, 0, 0)],
)
def test_shares(
    slots: int, processes: int, fair_share: int, in_turn: int, turns_out: float
) -> None:
    contention = Contention(processes, others_wait=True)
    assert contention.fair_share(slots) == fair_share
    assert contention.slots_in_turn(slots) == in_turn
    assert contention.turns_out(slots) == pytest.approx(turns_out)


@given(st.integers(1, 64), st.integers(2, 20))
def test_fair_shares_and_turns_are_all_the_slots(slots: int, processes: int) -> None:
    contention = Contention(processes, others_wait=True)
    shares = contention.fair_share(slots) * processes
    assert shares <= slots
    assert shares + contention.slots_in_turn(slots) == slots


@given(st.integers(1, 64), st.integers(2, 20))
def test_turns_together_use_the_slots_left_over(slots: int, processes: int) -> None:
    contention = Contention(processes, others_wait=True)
    if contention.slots_in_turn(slots):
        share_of_time = 1 / (1 + contention.turns_out(slots))
        assert processes * share_of_time == pytest.approx(contention.slots_in_turn(slots))


@given(st.integers(1, 64), st.integers(1, 20))
def test_where_nobody_waits_one_may_hold_all(slots: int, processes: int) -> None:
    contention = Contention(processes, others_wait=False)
    assert contention.fair_share(slots) == slots
    assert contention.slots_in_turn(slots) == 0
