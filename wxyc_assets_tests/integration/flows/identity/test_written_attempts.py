"""Attempts: the lines of "What is written, and when" about answers without an identity."""

from collections.abc import Callable

import pytest

from wxyc_assets.domain.candidates import Cohort, Scope
from wxyc_assets_tests.support.answers import (
    EVERYTHING,
    Json,
    apply,
    compilation,
    single,
    track,
    unresolved,
)
from wxyc_assets_tests.support.writer_harness import (
    DISCOGS,
    EARLIER,
    LATER,
    NARROW,
    NON_VA,
    NOW,
    RECHECK,
    VA,
    WIDE,
    WriterHarness,
)

NOBODY: list[Callable[[], Json]] = [
    lambda: unresolved(1),
    lambda: compilation(1, attempted=False),
    lambda: compilation(1, attempted=None),
]


@pytest.mark.parametrize("words", NOBODY)
@pytest.mark.parametrize("cohort", [VA, NON_VA])
@pytest.mark.parametrize(("scope", "is_stamped"), [(NARROW, False), (WIDE, True), (RECHECK, True)])
async def test_an_answer_that_names_nobody_is_stamped_when_wide_and_in_a_recheck_only(
    harness: WriterHarness,
    words: Callable[[], Json],
    cohort: Cohort,
    scope: Scope,
    is_stamped: bool,
) -> None:
    await harness.hear(words(), scope=scope, cohort=cohort)
    assert harness.stamp == (NOW if is_stamped else None)
    assert harness.identity is None


async def test_a_wide_run_stamps_from_what_a_narrow_one_stored(harness: WriterHarness) -> None:
    await harness.hear(unresolved(1))
    assert harness.stamp is None
    await apply(harness.database, LATER, WIDE, EVERYTHING)
    assert harness.stamp == NOW


async def test_a_stamp_never_moves_back(harness: WriterHarness) -> None:
    harness.backend_db.execute("update library set unresolved_attempted_at = %s", LATER)
    await harness.hear(unresolved(1), scope=WIDE)
    assert harness.stamp == LATER


async def test_a_stale_identity_answered_unresolved_is_kept_and_its_date_unmoved(
    harness: WriterHarness,
) -> None:
    await harness.hear(single(1, DISCOGS), at=EARLIER)
    before, sources = harness.identity, harness.sources
    await harness.hear(unresolved(1), scope=WIDE)
    assert (harness.identity, harness.sources, harness.history) == (before, sources, [])


async def test_without_contract_version_1_a_compilation_is_not_askable_yet(
    harness: WriterHarness,
) -> None:
    harness.backend_db.credit(1, "Burial", "Archangel")
    harness.backend_db.artist("Burial")
    words = compilation(1, track("Burial", "Archangel", "Burial"))
    await harness.hear(words, version=None, cohort=VA)
    assert harness.backend_db.credits()[0]["track_artist_link_method"] is None
    assert harness.stamp is None


@pytest.mark.parametrize(
    ("cohort", "scope", "is_stamped"),
    [
        (VA, NARROW, True),
        (VA, WIDE, True),
        (VA, RECHECK, True),
        (NON_VA, NARROW, False),
        (NON_VA, WIDE, True),
        (NON_VA, RECHECK, True),
    ],
)
async def test_a_matched_compilation_is_stamped_always_in_its_cohort_elsewhere_when_wide(
    harness: WriterHarness, cohort: Cohort, scope: Scope, is_stamped: bool
) -> None:
    await harness.hear(compilation(1), cohort=cohort, scope=scope)
    assert harness.stamp == (NOW if is_stamped else None)
    assert harness.identity is None


async def test_a_compilation_whose_tracks_cannot_be_written_is_not_stamped(
    harness: WriterHarness,
) -> None:
    harness.backend_db.credit(1, "Burial", "Archangel")
    harness.backend_db.execute(
        "alter table compilation_track_artist "
        "add check (track_artist_link_method <> 'lml_backfill')"
    )
    applied = await harness.hear(compilation(1, track("Burial", "Archangel", "Burial")), cohort=VA)
    assert applied.write_errors.keys() == {1}
    assert harness.stamp is None


async def test_tracks_beside_a_false_attempt_are_read_as_attempted(harness: WriterHarness) -> None:
    harness.backend_db.credit(1, "Burial", "Archangel")
    words = compilation(1, track("Burial", "Archangel", "Burial"), attempted=False)
    await harness.hear(words, cohort=VA)
    assert harness.backend_db.credits()[0]["track_artist_link_method"] == "lml_backfill"
    assert harness.stamp == NOW
