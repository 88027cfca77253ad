"""Everyone gets a share, and no slot lies idle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.domain.contention import Contention


@pytest.mark.parametrize(
    ("slots", "processes", "shares"),
    [
        (8, 2, [4, 4]),
        (8, 3, [3, 3, 2]),
        (2, 3, [1, 1, 0]),
        (1, 4, [1, 0, 0, 0]),
        (3, 3, [1, 1, 1]),
    ],
)
def test_shares(slots: int, processes: int, shares: list[int]) -> None:
    now = [_contention(processes, rank, 0).share(slots) for rank in range(processes)]
    assert now == shares


@given(st.integers(1, 64), st.integers(2, 20), st.floats(0, 2e9))
def test_at_any_time_the_shares_are_all_the_slots(slots: int, processes: int, clock: float) -> None:
    shares = [_contention(processes, rank, clock).share(slots) for rank in range(processes)]
    assert sum(shares) == slots
    assert max(shares) - min(shares) <= 1


@given(st.integers(1, 64), st.integers(2, 20), st.integers(0, 2_000_000_000))
def test_over_a_round_of_turns_all_shares_are_equal(slots: int, processes: int, clock: int) -> None:
    rounds = [
        sum(_contention(processes, rank, clock + turn).share(slots) for turn in range(processes))
        for rank in range(processes)
    ]
    assert set(rounds) == {slots}


@given(st.integers(1, 64), st.integers(1, 20), st.floats(0, 2e9))
def test_where_nobody_waits_one_may_hold_all(slots: int, processes: int, clock: float) -> None:
    contention = Contention(processes, 0, others_wait=False, clock=clock)
    assert contention.share(slots) == slots


def _contention(processes: int, rank: int, clock: float) -> Contention:
    return Contention(processes, rank, others_wait=True, clock=clock)
