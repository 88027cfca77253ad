"""Every line of the contract's "What is written, and when", one test or more for each."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.identity_store import NOTES_MARK, IdentityStore
from wxyc_assets.domain.answers import RULES_VERSION
from wxyc_assets.domain.candidates import Cohort, Scope
from wxyc_assets.flows.identity.apply_answers import AnswerWriter, ApplyResult
from wxyc_assets_tests.support.answers import (
    EVERYTHING,
    Json,
    apply,
    candidate,
    compilation,
    entry,
    single,
    store,
    total,
    track,
    unresolved,
)
from wxyc_assets_tests.support.backend_db import BackendDb

EARLIER = datetime(2026, 4, 1, 12, tzinfo=UTC)
NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=10)
NARROW, WIDE, RECHECK = Scope(), Scope(include_null_canonical=True), Scope(recheck=True)
VA, NON_VA = Cohort.VA, Cohort.NON_VA

DISCOGS = entry("discogs", "388", method="alias_match", confidence=0.8)
WIKIDATA = entry("wikidata", "Q483718")
SPOTIFY = entry("spotify", "3SjdVAwFLH7Bf0hx3rPR9Y")
APPLE = entry("apple_music", "42")


class WriterHarness:
    """Record 1 is on the shelf; whatever LML says about it is stored and applied."""

    def __init__(self, backend_db: BackendDb, database: Database) -> None:
        self.backend_db, self.database = backend_db, database
        backend_db.record(1)

    async def hear(
        self,
        *answers: Json,
        at: datetime = NOW,
        scope: Scope = NARROW,
        cohort: Cohort = NON_VA,
        version: int | None = 1,
    ) -> ApplyResult:
        asked = [candidate(words["library_id"], cohort) for words in answers]
        await store(self.database, at, asked, answers, version=version)
        return await apply(self.database, at, scope, EVERYTHING)

    @property
    def identity(self) -> dict[str, Any] | None:
        return self.backend_db.row("select * from library_identity where library_id = 1")

    @property
    def sources(self) -> dict[str, dict[str, Any]]:
        rows = self.backend_db.rows("select * from library_identity_source where library_id = 1")
        return {row["source"]: row for row in rows}

    @property
    def history(self) -> list[dict[str, Any]]:
        return self.backend_db.rows("select * from library_identity_history order by history_id")

    @property
    def stamp(self) -> datetime | None:
        return self.backend_db.attempted_at(1)

    @property
    def resolution(self) -> dict[str, Any]:
        row = self.backend_db.row("select * from lml_resolution where library_id = 1")
        assert row is not None
        return row


@pytest.fixture
def harness(backend_db: BackendDb, opened: Database) -> WriterHarness:
    return WriterHarness(backend_db, opened)


# single_artist


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


# whose word stands, and what differs


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


# unresolved, and compilations that are not askable yet

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


# compilations that were matched


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


# compilation tracks


class Sleeve(WriterHarness):
    """Record 1 has one credit: Burial, Archangel."""

    def __init__(self, backend_db: BackendDb, database: Database) -> None:
        super().__init__(backend_db, database)
        self.burial = backend_db.artist("Burial")

    async def match(self, *tracks: Json) -> dict[str, int]:
        return {**total(await self.hear(compilation(1, *tracks), cohort=VA))}

    @property
    def credit(self) -> dict[str, Any]:
        (row,) = self.backend_db.credits(1)
        return row


@pytest.fixture
def sleeve(backend_db: BackendDb, opened: Database) -> Sleeve:
    return Sleeve(backend_db, opened)


async def test_a_track_links_its_credit_to_the_artist(sleeve: Sleeve) -> None:
    sleeve.backend_db.credit(1, "Burial", "Archangel")
    counted = await sleeve.match(track("Burial", "Archangel", "Burial", confidence=0.75))
    assert sleeve.credit == sleeve.credit | {
        "track_artist_id": sleeve.burial,
        "track_artist_link_confidence": 0.75,
        "track_artist_link_method": "lml_backfill",
        "track_position": None,
    }
    assert counted["tracks_written"] == 1


async def test_credits_match_on_artist_and_title_and_null_titles_are_equal(sleeve: Sleeve) -> None:
    for title in ("Archangel", None, "archangel", ""):
        sleeve.backend_db.credit(1, "Burial", title)
    await sleeve.match(track("Burial", None, "Burial"), track("Burial", "Archangel", "Burial"))
    linked = {row["track_title"] for row in sleeve.backend_db.credits() if row["track_artist_id"]}
    assert linked == {None, "Archangel"}


async def test_credits_of_another_record_are_left_alone(sleeve: Sleeve) -> None:
    sleeve.backend_db.record(2)
    sleeve.backend_db.credit(2, "Burial", "Archangel")
    counted = await sleeve.match(track("Burial", "Archangel", "Burial"))
    assert sleeve.backend_db.credits(2)[0]["track_artist_link_method"] is None
    assert counted["tracks_without_credit"] == 1


async def test_an_entry_that_nobody_was_found_for_is_skipped(sleeve: Sleeve) -> None:
    sleeve.backend_db.credit(1, "Burial", "Archangel")
    counted = await sleeve.match(track("Burial", "Archangel", None, track_position="A1"))
    assert sleeve.credit["track_artist_link_method"] is None
    assert sleeve.credit["track_position"] is None
    assert counted["tracks_unresolved"] == 1


async def test_a_librarians_link_stands(sleeve: Sleeve) -> None:
    sleeve.backend_db.credit(1, "Burial", "Archangel", track_artist_link_method="librarian")
    before = sleeve.credit
    counted = await sleeve.match(track("Burial", "Archangel", "Burial", track_position="A1"))
    assert sleeve.credit == before
    assert counted["tracks_librarian"] == 1


@pytest.mark.parametrize(
    ("catalogued", "named", "is_found"),
    [
        (["Björk"], "BJORK", True),
        (["Bjo\u0308rk"], "Björk", True),
        (["Björk", "Bjork"], "Björk", False),
        (["Björk", "Björk"], "Björk", False),
        ([], "Björk", False),
        (["Björk Guðmundsdóttir"], "Björk", False),
    ],
)
async def test_an_artist_is_found_by_a_folded_name_that_is_nobody_elses(
    sleeve: Sleeve, catalogued: list[str], named: str, is_found: bool
) -> None:
    ids = [sleeve.backend_db.artist(name) for name in catalogued]
    sleeve.backend_db.credit(1, "Björk", "Joga", track_artist_id=sleeve.burial)
    counted = await sleeve.match(track("Björk", "Joga", named))
    assert sleeve.credit["track_artist_id"] == (ids[0] if is_found else None)
    assert sleeve.credit["track_artist_link_method"] == "lml_backfill"
    assert counted.get("tracks_without_artist", 0) == (not is_found)


@pytest.mark.parametrize(
    ("confidence", "written", "warned"),
    [
        (0, 0.0, 0),
        (1, 1.0, 0),
        (1.0000001, None, 1),
        (-0.1, None, 1),
        (7, None, 1),
        (None, None, 0),
    ],
)
async def test_a_confidence_outside_0_to_1_is_null_and_warned_about(
    sleeve: Sleeve, confidence: Any, written: float | None, warned: int
) -> None:
    sleeve.backend_db.credit(1, "Burial", "Archangel", track_artist_link_confidence=0.5)
    counted = await sleeve.match(track("Burial", "Archangel", "Burial", confidence=confidence))
    assert sleeve.credit["track_artist_link_confidence"] == written
    assert counted.get("confidences_out_of_range", 0) == warned


@pytest.mark.parametrize(
    ("there", "offered", "position", "ambiguous"),
    [
        (None, ["A1"], "A1", 0),
        (None, ["A1", "A1", None], "A1", 0),
        (None, ["A1", "B1"], None, 1),
        (None, ["A1", "x" * 21], None, 1),
        (None, ["x" * 21, "y" * 21], None, 1),
        (None, ["x" * 20], "x" * 20, 0),
        (None, ["x" * 21], None, 0),
        (None, [None], None, 0),
        ("C3", ["A1"], "C3", 0),
        ("C3", ["A1", "B1"], "C3", 0),
    ],
)
async def test_a_null_position_is_filled_where_exactly_one_short_one_was_offered(
    sleeve: Sleeve, there: str | None, offered: list[str | None], position: str, ambiguous: int
) -> None:
    sleeve.backend_db.credit(1, "Burial", "Archangel", track_position=there)
    tracks = [track("Burial", "Archangel", "Burial", track_position=each) for each in offered]
    counted = await sleeve.match(*tracks)
    assert sleeve.credit["track_position"] == position
    assert counted.get("positions_ambiguous", 0) == ambiguous
    assert counted.get("positions_written", 0) == (position != there)


async def test_of_several_entries_at_one_key_the_last_that_names_somebody_decides(
    sleeve: Sleeve,
) -> None:
    untrue = sleeve.backend_db.artist("Untrue")
    sleeve.backend_db.credit(1, "Burial", "Archangel")
    await sleeve.match(
        track("Burial", "Archangel", "Burial", confidence=0.5),
        track("Burial", "Archangel", "Untrue", confidence=0.25),
        track("Burial", "Archangel", None, confidence=1.0),
    )
    assert sleeve.credit["track_artist_id"] == untrue
    assert sleeve.credit["track_artist_link_confidence"] == 0.25


async def test_a_credit_that_would_not_change_is_not_written(sleeve: Sleeve) -> None:
    sleeve.backend_db.credit(1, "Burial", "Archangel")
    await sleeve.match(track("Burial", "Archangel", "Burial", confidence=0.9))
    before = sleeve.backend_db.versions()["compilation_track_artist"]
    same = track("Burial", "Archangel", "Burial", confidence=0.8999999761581421)
    counted = await sleeve.match(same)
    assert sleeve.backend_db.versions()["compilation_track_artist"] == before
    assert counted["tracks_unchanged"] == 1


@pytest.mark.parametrize(("lost", "matched", "drifts"), [(10, 10, 1), (9, 0, 0), (10, 11, 0)])
async def test_a_page_of_which_half_the_keys_match_no_credit_warns_of_drift(
    sleeve: Sleeve, lost: int, matched: int, drifts: int
) -> None:
    for number in range(matched):
        sleeve.backend_db.credit(1, "Burial", str(number))
    tracks = [track("Burial", str(number), "Burial") for number in range(matched)]
    tracks += [track("Burial", f"lost {number}", "Burial") for number in range(lost)]
    counted = await sleeve.match(*tracks)
    assert counted.get("pages_with_join_drift", 0) == drifts


async def test_one_poisoned_track_costs_that_track_and_not_its_page(sleeve: Sleeve) -> None:
    for title in ("Archangel", "Ghost Hardware"):
        sleeve.backend_db.credit(1, "Burial", title)
    counted = await sleeve.match(
        track("Burial", "Archangel", "Bu\0rial"), track("Burial", "Ghost Hardware", "Burial")
    )
    linked = [row["track_title"] for row in sleeve.backend_db.credits() if row["track_artist_id"]]
    assert linked == ["Ghost Hardware"]
    assert counted["tracks_written"] == 1


# what is not written at all


async def test_what_postgres_cannot_hold_is_kept_escaped_and_the_row_stays_due(
    harness: WriterHarness,
) -> None:
    applied = await harness.hear(single(1, DISCOGS, method="exact\0match"), scope=WIDE)
    assert applied.write_errors.keys() == {1}
    assert "column unstorable" in applied.write_errors[1]
    assert harness.resolution["unstorable"] == {"method": r"'exact\x00match'"}
    assert (harness.identity, harness.stamp) == (None, None)
    assert await is_due(harness, WIDE)


async def test_a_write_that_failed_leaves_the_row_due_and_is_not_asked_again_at_once(
    harness: WriterHarness,
) -> None:
    await harness.hear(single(1, DISCOGS, confidence=1.7))
    assert await is_due(harness, NARROW)
    assert harness.stamp is None
    library = IdentityStore(harness.database, clock=lambda: NOW)
    await library.put_candidates(EVERYTHING, NARROW, "x")
    assert await library.unanswered(EVERYTHING, NARROW) == []
    month_later = IdentityStore(harness.database, clock=lambda: NOW + timedelta(days=30))
    await month_later.put_candidates(EVERYTHING, NARROW, "x")
    assert len(await month_later.unanswered(EVERYTHING, NARROW)) == 1


async def test_a_refusal_writes_nothing_and_rests(harness: WriterHarness) -> None:
    library = IdentityStore(harness.database, clock=lambda: NOW)
    await library.store_refusals({candidate(1): "HTTP 422 \0"}, "x")
    applied = await apply(harness.database, NOW, WIDE, EVERYTHING)
    assert applied.answers == []
    assert harness.resolution["refusal"] == "HTTP 422 \\x00"
    assert (harness.identity, harness.stamp) == (None, None)
    assert not await is_due(harness, WIDE)
    assert await is_due(harness, WIDE, at=NOW + timedelta(days=30))


@pytest.mark.parametrize("change", ["rename", "delete"])
async def test_an_answer_about_a_record_that_changed_meanwhile_is_not_written(
    harness: WriterHarness, change: str
) -> None:
    await store(harness.database, NOW, [candidate(1)], [single(1, DISCOGS)])
    if change == "rename":
        harness.backend_db.execute("update library set artist_name = 'Chan Marshall'")
    else:
        harness.backend_db.execute("delete from library")
    applied = await apply(harness.database, NOW, WIDE, EVERYTHING)
    assert (applied.answers, applied.write_errors) == ([], {})
    assert harness.identity is None


async def test_a_record_renamed_after_its_answer_was_read_gets_no_identity(
    harness: WriterHarness,
) -> None:
    await store(harness.database, NOW, [candidate(1)], [single(1, DISCOGS)])
    library = IdentityStore(harness.database)
    waiting = await library.unapplied(EVERYTHING, NARROW)
    harness.backend_db.execute("update library set artist_name = 'Chan Marshall'")
    await library.apply(waiting, NARROW, "test")
    assert (len(waiting), harness.identity, harness.sources) == (1, None, {})


async def test_the_librarys_watermark_is_never_moved(harness: WriterHarness) -> None:
    statement = "select last_modified_at from library_watermark"
    before = harness.backend_db.value(statement)
    await harness.hear(unresolved(1), scope=WIDE)
    await harness.hear(compilation(1), scope=WIDE, cohort=VA, at=LATER)
    assert harness.stamp == LATER
    assert harness.backend_db.value(statement) == before


async def is_due(harness: WriterHarness, scope: Scope, at: datetime = NOW) -> bool:
    due = await IdentityStore(harness.database, clock=lambda: at).due(EVERYTHING, scope)
    return [each.candidate.library_id for each in due] == [1]


async def newer_rules(harness: WriterHarness) -> ApplyResult:
    """Apply what is stored by the next version of the rules."""
    store_ = IdentityStore(harness.database, clock=lambda: LATER, rules_version=RULES_VERSION + 1)
    return await AnswerWriter(store_, NARROW, "newer rules").apply(EVERYTHING)


async def test_newer_rules_apply_stored_answers_once_more(harness: WriterHarness) -> None:
    await harness.hear(single(1, DISCOGS))
    harness.backend_db.execute("update library_identity set wikidata_qid = 'Q1'")  # by older rules
    assert not (await apply(harness.database, LATER, NARROW, EVERYTHING)).answers
    assert [each.library_id for each in (await newer_rules(harness)).answers] == [1]
    identity = harness.identity
    assert identity is not None
    assert (identity["wikidata_qid"], identity["last_verified_at"]) == (None, NOW)
    assert harness.resolution["rules_version"] == RULES_VERSION + 1
    before = harness.backend_db.versions()
    assert not (await newer_rules(harness)).answers
    assert harness.backend_db.versions() == before


async def test_newer_rules_that_decide_the_same_write_nothing(harness: WriterHarness) -> None:
    await harness.hear(single(1, DISCOGS, WIKIDATA))
    before = harness.backend_db.versions()
    await newer_rules(harness)
    assert harness.backend_db.versions() == before


async def test_newer_rules_do_not_make_an_identity_again_that_somebody_removed(
    harness: WriterHarness,
) -> None:
    await harness.hear(single(1, DISCOGS))
    harness.backend_db.execute("delete from library_identity_source")
    harness.backend_db.execute("delete from library_identity")
    assert not (await newer_rules(harness)).answers
    assert harness.identity is None


async def test_newer_rules_leave_what_was_reverted(harness: WriterHarness) -> None:
    await harness.hear(single(1, DISCOGS))
    harness.backend_db.execute("update lml_resolution set reverted_at = now()")
    assert not (await newer_rules(harness)).answers
