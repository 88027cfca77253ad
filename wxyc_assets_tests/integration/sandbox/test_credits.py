"""The generated track credits: sizes, positions and names."""

from statistics import mean, quantiles

import pytest

from wxyc_sandbox import names
from wxyc_sandbox.credits import Credit, credits


@pytest.fixture(scope="module")
def compilations() -> list[tuple[Credit, ...]]:
    return [credits(library_id, seed=1994) for library_id in range(1, 6_301)]


def test_the_same_record_has_the_same_credits() -> None:
    first = credits(7, seed=1994)
    credits.cache_clear()
    assert credits(7, seed=1994) == first
    assert credits(7, seed=1994) != credits(8, seed=1994) != credits(8, seed=1995)


def test_sizes_are_distributed_as_at_the_station(compilations: list[tuple[Credit, ...]]) -> None:
    sizes = [len(each) for each in compilations]
    assert 52 < mean(sizes) < 60
    assert 400 < quantiles(sizes, n=100)[-1] < 600
    assert min(sizes) == 1
    assert 1_000 < max(sizes) <= 2_364


def test_no_credit_comes_twice(compilations: list[tuple[Credit, ...]]) -> None:
    for each in compilations:
        assert len({(credit.artist_name, credit.track_title) for credit in each}) == len(each)


def test_four_in_five_have_no_position_and_all_can_be_stored(
    compilations: list[tuple[Credit, ...]],
) -> None:
    every = [credit for each in compilations for credit in each]
    unplaced = sum(credit.track_position is None for credit in every)
    assert 0.78 < unplaced / len(every) < 0.82
    assert any(credit.track_title is None for credit in every)
    assert max(len(credit.artist_name) for credit in every) == 255
    assert max(len(credit.track_title or "") for credit in every) <= 255
    assert max(len(credit.track_position or "") for credit in every) == 20
    text = "".join(f"{credit.artist_name}{credit.track_title}" for credit in every)
    assert "\0" not in text.encode().decode()


def test_a_whole_library_has_more_than_300_000_credits() -> None:
    assert sum(len(credits(library_id, seed=1)) for library_id in range(1, 6_301)) > 300_000


def test_names_differ_except_for_namesakes() -> None:
    found = [names.artist(number) for number in range(23_816)]
    assert len(set(found)) > 0.999 * len(found)
    assert max(map(len, found)) == names.MOST_CHARACTERS
    assert {"Stereolab", "Nilüfer Yanya", "Nilufer Yanya"} < set(found)
