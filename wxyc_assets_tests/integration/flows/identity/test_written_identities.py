"""Identities: the lines of "What is written, and when" about a single artist."""

from typing import Any
from uuid import UUID

import pytest

from wxyc_assets.adapters.postgres.identity_store import NOTES_MARK
from wxyc_assets.domain.candidates import Cohort, Scope
from wxyc_assets_tests.support.answers import (
    Json,
    single,
)
from wxyc_assets_tests.support.writer_harness import (
    APPLE,
    DISCOGS,
    EARLIER,
    LATER,
    NARROW,
    NON_VA,
    NOW,
    RECHECK,
    SPOTIFY,
    VA,
    WIDE,
    WIKIDATA,
    WriterHarness,
)


async def test_a_single_artist_becomes_an_identity_with_a_source_for_each_entry(
    harness: WriterHarness,
) -> None:
    await harness.hear(
        single(1, DISCOGS, WIKIDATA, SPOTIFY, APPLE, method="trigram", confidence=0.75)
    )
    identity = harness.identity
    assert identity is not None
    assert identity == identity | {
        "wikidata_qid": "Q483718",
        "spotify_id": "3SjdVAwFLH7Bf0hx3rPR9Y",
        "apple_music_id": "42",
        "method": "trigram",
        "confidence": 0.75,
        "last_verified_at": NOW,
        "notes": NOTES_MARK,
    }
    assert harness.sources.keys() == {"discogs", "wikidata", "spotify", "apple_music"}
    assert harness.sources["discogs"] == {
        "library_id": 1,
        "source": "discogs",
        "external_id": "388",
        "method": "alias_match",
        "confidence": pytest.approx(0.8),
        "last_verified_at": NOW,
        "boost_sources": None,
        "notes": NOTES_MARK,
    }


RELEASE_COLUMNS: dict[str, Any] = {
    "discogs_master_id": 77,
    "discogs_release_id": 4242,
    "musicbrainz_release_group_mbid": UUID(int=1),
    "musicbrainz_release_mbid": UUID(int=2),
    "musicbrainz_recording_mbid": UUID(int=3),
    "agreement_sources": "discogs,wikidata",
}


async def test_release_and_recording_columns_are_not_ours_to_fill(harness: WriterHarness) -> None:
    await harness.hear(single(1, DISCOGS))
    identity = harness.identity
    assert identity is not None
    assert {identity[name] for name in RELEASE_COLUMNS} == {None}


async def test_a_replaced_identity_keeps_what_lml_says_nothing_about(
    harness: WriterHarness,
) -> None:
    harness.backend_db.identity(1, EARLIER, **RELEASE_COLUMNS, method="trigram")
    await harness.hear(single(1, DISCOGS))
    identity = harness.identity
    assert identity is not None
    assert identity["method"] == "exact_match"
    assert {name: identity[name] for name in RELEASE_COLUMNS} == RELEASE_COLUMNS
    (before,) = harness.history
    assert {name: before[name] for name in RELEASE_COLUMNS} == RELEASE_COLUMNS


@pytest.mark.parametrize("scope", [NARROW, WIDE, RECHECK])
@pytest.mark.parametrize("cohort", [VA, NON_VA])
async def test_a_single_artist_is_never_stamped(
    harness: WriterHarness, scope: Scope, cohort: Cohort
) -> None:
    await harness.hear(single(1, DISCOGS), scope=scope, cohort=cohort)
    assert harness.stamp is None
    assert harness.identity is not None


async def test_a_null_confidence_is_not_written_and_is_counted(harness: WriterHarness) -> None:
    await harness.hear(single(1, DISCOGS, WIKIDATA | {"confidence": None}))
    assert harness.sources.keys() == {"discogs"}
    assert harness.resolution["null_confidences"] == 1


async def test_a_null_external_id_is_not_written(harness: WriterHarness) -> None:
    await harness.hear(single(1, DISCOGS, WIKIDATA | {"external_id": None}))
    assert harness.sources.keys() == {"discogs"}


@pytest.mark.parametrize(
    "spoiled", [{"confidence": 1.7}, {"confidence": "high"}, {"method": None}], ids=repr
)
async def test_a_library_row_is_written_all_or_nothing(
    harness: WriterHarness, spoiled: Json
) -> None:
    applied = await harness.hear(single(1, DISCOGS, WIKIDATA | spoiled))
    assert (harness.identity, harness.sources) == (None, {})
    assert applied.write_errors.keys() == {1}
    assert harness.resolution["applied_at"] is None
    assert harness.resolution["write_error"] == applied.write_errors[1]


async def test_a_row_that_cannot_be_written_does_not_keep_the_others_from_it(
    harness: WriterHarness,
) -> None:
    for library_id in range(2, 31):
        harness.backend_db.record(library_id)
    answers = [single(each, DISCOGS) for each in range(1, 31)]
    for each in (3, 4, 17):
        answers[each - 1]["confidence"] = 1.7
    applied = await harness.hear(*answers)
    assert applied.write_errors.keys() == {3, 4, 17}
    written = harness.backend_db.rows("select library_id from library_identity")
    assert {row["library_id"] for row in written} == {*range(1, 31)} - {3, 4, 17}
    assert len(applied.answers) == 30


async def test_of_two_entries_of_one_source_the_last_one_decides(harness: WriterHarness) -> None:
    await harness.hear(single(1, DISCOGS, DISCOGS | {"external_id": "2"}))
    assert harness.sources["discogs"]["external_id"] == "2"


async def test_a_source_of_ours_that_is_not_mentioned_at_all_goes(harness: WriterHarness) -> None:
    await harness.hear(single(1, DISCOGS, SPOTIFY), at=EARLIER)
    await harness.hear(single(1, DISCOGS))
    assert harness.sources.keys() == {"discogs"}
    assert harness.history[0]["superseded_reason"].endswith("it no longer mentions spotify")


async def test_a_source_that_is_mentioned_with_a_null_confidence_stays(
    harness: WriterHarness,
) -> None:
    await harness.hear(single(1, DISCOGS, WIKIDATA), at=EARLIER)
    before = harness.sources["wikidata"]
    await harness.hear(single(1, DISCOGS, WIKIDATA | {"confidence": None}))
    assert harness.sources["wikidata"] == before
    assert harness.history == []


@pytest.mark.parametrize("notes", [None, "by hand"])
async def test_a_source_that_is_not_ours_stays_though_not_mentioned(
    harness: WriterHarness, notes: str | None
) -> None:
    harness.backend_db.source(1, "bandcamp", "stereolab", EARLIER, notes=notes)
    await harness.hear(single(1, DISCOGS))
    assert harness.sources["bandcamp"]["last_verified_at"] == EARLIER


async def test_the_same_decision_moves_only_the_date(harness: WriterHarness) -> None:
    words = single(1, DISCOGS, WIKIDATA)
    await harness.hear(words, at=EARLIER)
    before = harness.identity
    await harness.hear(words)
    assert before is not None
    assert harness.identity == before | {"last_verified_at": NOW}
    assert harness.history == []


async def test_the_confidence_is_compared_as_a_4_byte_float(harness: WriterHarness) -> None:
    await harness.hear(single(1, DISCOGS, confidence=0.9), at=EARLIER)
    await harness.hear(single(1, DISCOGS, confidence=0.8999999761581421))
    assert harness.history == []


@pytest.mark.parametrize(
    "other",
    [
        {"method": "llm"},
        {"confidence": 0.91},
        {"main": {"wikidata_qid": "Q1"}},
        {"main": {"wikidata_qid": "Q483718", "spotify_artist_id": "x"}},
        {"main": {"wikidata_qid": "Q483718", "apple_music_artist_id": "7"}},
        {"provenance": [WIKIDATA]},
        {"provenance": [DISCOGS, WIKIDATA, APPLE]},
        {"provenance": [DISCOGS | {"external_id": "389"}, WIKIDATA]},
    ],
    ids=repr,
)
async def test_a_decision_that_differs_replaces_and_leaves_its_history(
    harness: WriterHarness, other: Json
) -> None:
    await harness.hear(single(1, DISCOGS, WIKIDATA), at=EARLIER)
    before = harness.identity
    assert before is not None
    await harness.hear(single(1, DISCOGS, WIKIDATA) | other)
    (history,) = harness.history
    kept = {name: value for name, value in before.items() if name in history}
    assert history == history | kept
    assert history["superseded_at"] == NOW
    assert history["reason_category"] == "decision_changed"
    assert harness.identity is not None
    assert harness.identity["last_verified_at"] == NOW


async def test_a_first_identity_has_no_history(harness: WriterHarness) -> None:
    await harness.hear(single(1, DISCOGS))
    assert harness.history == []


@pytest.mark.parametrize("notes", [None, "looked up by the music director"])
async def test_a_persons_decision_stands_and_only_its_date_moves(
    harness: WriterHarness, notes: str | None
) -> None:
    harness.backend_db.identity(
        1, EARLIER, method="manual", confidence=1, wikidata_qid="Q1", notes=notes
    )
    harness.backend_db.source(1, "discogs", "1", EARLIER, notes=notes)
    before, sources = harness.identity, harness.sources
    assert before is not None
    await harness.hear(single(1, DISCOGS, WIKIDATA))
    assert harness.identity == before | {"last_verified_at": NOW}
    assert harness.sources == sources
    assert harness.history == []


async def test_lmls_own_manual_method_is_not_a_persons(harness: WriterHarness) -> None:
    await harness.hear(single(1, DISCOGS, method="manual"), at=EARLIER)
    await harness.hear(single(1, DISCOGS, method="llm"))
    assert harness.identity is not None
    assert harness.identity["method"] == "llm"


async def test_an_identity_of_another_job_is_replaced_and_marked_ours(
    harness: WriterHarness,
) -> None:
    harness.backend_db.identity(1, EARLIER, notes="from the card index")
    await harness.hear(single(1, DISCOGS))
    assert harness.identity is not None
    assert harness.identity["notes"] == NOTES_MARK
    assert harness.history[0]["notes"] == "from the card index"


async def test_an_answer_older_than_the_identity_decides_nothing(harness: WriterHarness) -> None:
    harness.backend_db.identity(1, LATER, wikidata_qid="Q1")
    before = harness.identity
    await harness.hear(single(1, DISCOGS))
    assert (harness.identity, harness.sources, harness.history) == (before, {}, [])
