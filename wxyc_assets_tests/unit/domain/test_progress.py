"""The progress of a run, in words."""

import pytest

from wxyc_assets.domain.progress import Progress, duration


def test_the_total_is_estimated_until_the_last_range_is_begun() -> None:
    progress = Progress("records", ranges=4)
    assert (progress.total, progress.is_estimated) == (0, True)
    progress.begin(100)
    progress.begin(50)
    assert (progress.total, progress.is_estimated) == (300, True)
    progress.begin(0)
    progress.begin(10)
    assert (progress.total, progress.is_estimated) == (160, False)


def test_it_says_how_much_at_which_rate_and_how_long_it_will_take() -> None:
    progress = Progress("records", ranges=2)
    progress.begin(3_000)
    assert progress.sentence(10) == "0 of about 6,000 records after 10 s"
    progress.advance(500)
    assert progress.sentence(10) == "500 of about 6,000 records, 3,000 a minute, about 110 s left"
    progress.begin(1_000)
    progress.advance()
    assert progress.sentence(60) == "501 of 4,000 records, 501 a minute, about 7 min left"


def test_more_than_expected_is_no_time_left() -> None:
    progress = Progress("lookups", ranges=1)
    progress.begin(1)
    progress.advance(2)
    assert progress.sentence(60) == "2 of 1 lookups, 2 a minute, about 0 s left"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7_100, "118 min"),
        (7_200, "2 h 0 min"),
        (9_960, "2 h 46 min"),
    ],
)
def test_a_duration_has_the_units_that_matter(seconds: float, words: str) -> None:
    assert duration(seconds) == words
