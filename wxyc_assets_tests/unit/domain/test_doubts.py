"""Doubts: what each is about, how titles are compared, and when their number jumps."""

from collections.abc import Mapping

import pytest

from wxyc_assets.domain.doubts import (
    ALWAYS_ALLOWED,
    CoverTitle,
    DoubtCount,
    DoubtReason,
    Doubts,
    DoubtSubject,
    Severity,
    likeness,
)


def counts(judged: int, **records: int) -> dict[DoubtReason, DoubtCount]:
    return {each: DoubtCount(each, records.get(each, 0), judged) for each in DoubtReason}


def doubts(
    now: Mapping[DoubtReason, DoubtCount], before: Mapping[DoubtReason, DoubtCount]
) -> Doubts:
    return Doubts(now, before, doubtful_records=0, most_played=(), plays_are_known=True)


def test_each_reason_has_a_subject_and_a_severity() -> None:
    assert {each.subject for each in DoubtReason} == {*DoubtSubject}
    assert {each.severity for each in DoubtReason} == {*Severity}


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("Moon Pix", "Moon Pix (Deluxe Edition)"),
        ("Moon Pix", "MOON PIX [Bonus Tracks] EP"),
        ("Moon Pix", "Moon Pix: 2011 Remaster"),
        ("Moon Pix", "Moon Píx (2)"),
        ("EP", "E.P."),
        ("Moon Pix", "The Moon Pix"),
    ],
)
def test_editions_of_one_album_are_alike(title: str, other: str) -> None:
    assert not CoverTitle(1, title, other).is_far


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("Moon Pix", "You Are Free"),
        ("Moon Pix", "Moon Pix and Other Stories, the Complete Sessions"),
        ("Live", "Live Through This, Unplugged in New York"),
        ("EP", "Moon Pix"),
        ("Moon Pix", ""),
    ],
)
def test_titles_of_other_albums_are_far(title: str, other: str) -> None:
    assert CoverTitle(1, title, other).is_far


def test_a_title_that_is_all_brackets_is_compared_as_it_is() -> None:
    assert likeness("(untitled)", "(untitled)") == 1
    assert likeness("(untitled)", "[Moon Pix]") < 0.5


def test_the_first_run_has_nothing_to_jump_from() -> None:
    assert doubts(counts(1_000, shared_id=900), {}).jumps(0.2) == ()


@pytest.mark.parametrize(
    ("before", "now", "judged", "jumps"),
    [
        (100, 120, 1_000, False),
        (100, 121, 1_000, True),
        (100, 240, 2_000, False),  # as large a share of a library that has grown
        (100, 241, 2_000, True),
        (0, ALWAYS_ALLOWED, 1_000, False),
        (0, ALWAYS_ALLOWED + 1, 1_000, True),
        (10, 10 + ALWAYS_ALLOWED, 1_000, False),
        (100, 3, 1_000, False),
    ],
)
def test_a_share_that_grows_by_more_than_allowed_is_a_jump(
    before: int, now: int, judged: int, jumps: bool
) -> None:
    found = doubts(counts(judged, shared_id=now), counts(1_000, shared_id=before))
    assert bool(found.jumps(0.2)) is jumps


def test_a_jump_names_its_reason_and_both_shares() -> None:
    found = doubts(counts(1_000, shared_cover=150), counts(1_000, shared_cover=100))
    (sentence,) = found.jumps(0.2)
    assert sentence == "shared_cover: 150 of 1,000 (15.00%), after 100 of 1,000 (10.00%)"


def test_a_reason_that_an_earlier_version_did_not_know_is_no_jump() -> None:
    before = counts(1_000)
    del before[DoubtReason.OTHER_RELEASE]
    assert doubts(counts(1_000, other_release=500), before).jumps(0.2) == ()
