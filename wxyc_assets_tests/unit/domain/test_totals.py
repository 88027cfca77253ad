"""The numbers of a snapshot as they are stored, and what cannot be read."""

import pytest

from wxyc_assets.domain.totals import Count, UnreadableTotals, read_totals

STORED: dict[str, object] = {each.value: number for number, each in enumerate(Count)}


def test_stored_numbers_are_read_by_name() -> None:
    found = read_totals({**STORED, "more": "of a later version"})
    assert found == {each: number for number, each in enumerate(Count)}


@pytest.mark.parametrize("wrong", [None, -1, 1.5, "7", True])
def test_a_number_that_is_none_fails_closed(wrong: object) -> None:
    with pytest.raises(UnreadableTotals, match="its count credits is"):
        read_totals({**STORED, "credits": wrong})


@pytest.mark.parametrize("stored", [None, [], "{}"])
def test_without_numbers_there_is_nothing_to_read(stored: object) -> None:
    with pytest.raises(UnreadableTotals, match="it has no counts"):
        read_totals(stored)


def test_a_missing_number_fails_closed() -> None:
    with pytest.raises(UnreadableTotals, match="its count records is None"):
        read_totals({})
