"""Ranges of library ids: without gaps, and stable when the ceiling rises."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.domain.ranges import IdRange, NotARange, tile

ceilings = st.integers(1, 100_000)
widths = st.integers(500, 30_000)


@given(ceilings, widths)
def test_ranges_leave_no_gap_and_do_not_overlap(ceiling: int, width: int) -> None:
    ranges = list(tile(ceiling, width))
    assert ranges[0].first == 1
    assert ranges[-1].first <= ceiling <= ranges[-1].last
    assert all(b.first == a.last + 1 for a, b in pairwise(ranges))


@given(ceilings, widths, st.data())
def test_every_id_up_to_the_ceiling_is_in_exactly_one_range(
    ceiling: int, width: int, data: st.DataObject
) -> None:
    library_id = data.draw(st.integers(1, ceiling))
    assert sum(library_id in each for each in tile(ceiling, width)) == 1


@given(ceilings, widths, st.integers(0, 100_000))
def test_a_raised_ceiling_keeps_existing_keys(ceiling: int, width: int, raise_by: int) -> None:
    before = [each.key for each in tile(ceiling, width)]
    after = [each.key for each in tile(ceiling + raise_by, width)]
    assert after[: len(before)] == before


@given(ceilings, widths)
def test_keys_sort_like_ids_and_parse_back(ceiling: int, width: int) -> None:
    ranges = list(tile(ceiling, width))
    keys = [each.key for each in ranges]
    assert sorted(keys) == keys
    assert [IdRange.parse(key) for key in keys] == ranges


def test_a_key_is_zero_padded_and_a_range_includes_both_ends() -> None:
    assert IdRange(1, 2500).key == "0000001-0002500"
    assert 1 in IdRange(1, 2500)
    assert 2500 in IdRange(1, 2500)
    assert 2501 not in IdRange(1, 2500)


@pytest.mark.parametrize("key", ["", "1", "1-", "-1", "a-b", "2500-1", "1-2-3", "1.5-3", "²-³"])
def test_a_malformed_key_is_named(key: str) -> None:
    with pytest.raises(NotARange, match="is not a range key such as '0000001-0002500'") as caught:
        IdRange.parse(key)
    assert repr(key) in str(caught.value)
