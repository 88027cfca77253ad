"""Everyone gets a share, and nothing lies idle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.domain.contention import Company


def company(present: int, *, others_wait: bool = True, longer: int = 0, free: int = 0) -> Company:
    return Company(present, others_wait, waiting_longer=longer, free=free)


@pytest.mark.parametrize(
    ("held", "most", "present", "surplus", "allowance"),
    [(8, 8, 2, 4, 0), (4, 8, 2, 0, 0), (0, 8, 3, 0, 3), (3, 8, 3, 1, 0), (1, 1, 4, 1, 0)],
)
def test_shares(held: int, most: int, present: int, surplus: int, allowance: int) -> None:
    assert company(present).surplus(held, most) == surplus
    assert company(present).allowance(held, most) == allowance


@given(st.integers(1, 64), st.integers(1, 20))
def test_together_everyone_may_take_everything(most: int, present: int) -> None:
    assert company(present).allowance(0, most) * present >= most


@given(st.integers(0, 64), st.integers(1, 64), st.integers(1, 20))
def test_alone_one_keeps_and_takes_all(held: int, most: int, present: int) -> None:
    alone = company(present, others_wait=False)
    assert alone.surplus(held, most) == 0
    assert alone.allowance(held, most) == most - held


def test_those_who_wait_longer_go_first() -> None:
    assert not company(3, longer=1, free=1).is_our_turn
    assert company(3, longer=1, free=2).is_our_turn
