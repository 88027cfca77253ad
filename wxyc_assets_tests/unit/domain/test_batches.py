"""Batches, and the search for the rows that spoil one."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.domain.batches import bisect, halves, most_failures_in_a_row


@given(st.lists(st.integers(), min_size=2))
def test_halves_lose_nothing_keep_the_order_and_are_never_empty(rows: list[int]) -> None:
    first, second = halves(rows)
    assert [*first, *second] == rows
    assert first
    assert second
    assert abs(len(first) - len(second)) <= 1


def test_halves_of_a_text_are_texts() -> None:
    assert halves("Stereolab") == ("Ster", "eolab")


@given(st.integers(1, 300), st.sets(st.integers(0, 299), min_size=1))
async def test_a_bisection_finds_each_bad_row_and_tries_no_good_row_twice(
    size: int, bad: set[int]
) -> None:
    passed: list[int] = []

    async def attempt(part: Sequence[int]) -> ValueError | None:
        if not bad.isdisjoint(part):
            return ValueError(str(part[0]))
        passed.extend(part)
        return None

    rows = range(size)
    error = await attempt(rows)
    culprits = await bisect(rows, attempt, error) if error else {}
    assert culprits.keys() == bad & set(rows)
    assert all(str(row) == str(reason) for row, reason in culprits.items())
    assert passed == [row for row in rows if row not in bad]


@given(st.integers(2, 1000), st.data())
def test_one_bad_row_never_looks_like_an_ill_other_side(size: int, data: st.DataObject) -> None:
    bad = data.draw(st.integers(0, size - 1))
    assert longest_run_of_failures(range(size), {bad}) <= most_failures_in_a_row(size)


@given(st.integers(2, 1000), st.data())
def test_two_bad_neighbours_never_look_like_an_ill_other_side(
    size: int, data: st.DataObject
) -> None:
    bad = data.draw(st.integers(0, size - 2))
    assert longest_run_of_failures(range(size), {bad, bad + 1}) <= most_failures_in_a_row(size)


@pytest.mark.parametrize(("rows", "most"), [(1, 4), (2, 4), (100, 16), (500, 20), (1000, 22)])
def test_the_limit_is_twice_the_depth_and_a_little(rows: int, most: int) -> None:
    assert most_failures_in_a_row(rows) == most


def longest_run_of_failures(rows: Sequence[int], bad: set[int]) -> int:
    """Return the most parts of a batch that fail in a row, depth first."""
    longest = run = 0
    parts = [*halves(rows)]
    while parts:
        part = parts.pop(0)
        fails = not bad.isdisjoint(part)
        run = run + 1 if fails else 0
        longest = max(longest, run)
        if fails and len(part) > 1:
            parts[:0] = halves(part)
    return longest
