"""Records that violate a rule: tables that disagree with answers, orphans, repeated questions."""

import pytest

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.domain.coverage import Violation
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets_tests.integration.adapters.postgres.counted_library import (
    NOW,
    WIDE,
    ago,
    answer,
    total,
)
from wxyc_assets_tests.support.answers import apply, entry, single, store
from wxyc_assets_tests.support.backend_db import BackendDb

SAID = {
    "method": "exact_match",
    "confidence": 0.8999999761581421,
    "main": {"wikidata_qid": "Q1", "spotify_artist_id": None, "apple_music_artist_id": None},
    "provenance": [
        {"source": "wikidata", "external_id": "Q1", "confidence": 1, "method": "exact_match"},
        {"source": "spotify", "external_id": "x", "confidence": None, "method": "exact_match"},
    ],
}


@pytest.mark.parametrize(
    ("spoil", "disagrees"),
    [
        ("select 1", False),
        ("delete from library_identity", False),  # a person's deletion, or an orphan
        ("delete from library_identity_source; delete from library_identity", False),
        ("update library_identity set method = 'trigram'", True),
        ("update library_identity set confidence = 0.8", True),
        ("update library_identity set wikidata_qid = 'Q2'", True),
        ("update library_identity set last_verified_at = last_verified_at - interval '1 s'", True),
        ("update library_identity_source set external_id = 'Q2'", True),
        ("delete from library_identity_source", True),
        ("update library_identity set method = 'manual', notes = 'by hand'", False),
        (
            "update library_identity set method = 'llm', "
            "last_verified_at = last_verified_at + interval '1 s'",
            True,
        ),
        ("update library_identity set last_verified_at = last_verified_at + interval '1 s'", False),
        ("update library_identity_source set external_id = 'Q'", True),
        (
            "insert into library_identity_source values "
            "(1, 'bandcamp', 'b', 'exact_match', 1, '2020-01-01', null, 'consumer:lml-bulk')",
            True,
        ),
        (
            "insert into library_identity_source values "
            "(1, 'spotify', 'y', 'exact_match', 1, '2020-01-01', null, 'consumer:lml-bulk')",
            False,  # LML mentions it, without a confidence
        ),
        (
            "insert into library_identity_source values "
            "(1, 'bandcamp', 'b', 'exact_match', 1, '2020-01-01', null, 'from the card index')",
            False,
        ),
        (
            "insert into library_identity_source values "
            "(1, 'bandcamp', 'b', 'exact_match', 1, '2026-05-02', null, 'from elsewhere')",
            True,
        ),
        (
            "insert into library_identity_source values "
            "(1, 'bandcamp', 'b', 'manual', 1, '2026-05-02', null, 'by hand')",
            False,
        ),
        ("update lml_resolution set answer = answer || '{\"library_id\": 2}'", True),
        ("update lml_resolution set answer = answer || '{\"library_id\": 1}'", False),
        (
            "update lml_resolution set kind = null, answer = null, refusal = 'HTTP 422'; "
            "update library_identity set wikidata_qid = 'Q2'",
            False,
        ),
        ("update lml_resolution set applied_at = null", False),
        ("update library set artist_name = 'Chan Marshall'", False),
    ],
)
async def test_an_applied_answer_is_in_the_tables(
    opened: Database, backend_db: BackendDb, spoil: str, disagrees: bool
) -> None:
    backend_db.record(1)
    answer(backend_db, kind="single_artist", words=SAID)
    backend_db.identity(1, NOW, wikidata_qid="Q1")
    backend_db.source(1, "wikidata", "Q1", NOW)
    backend_db.execute(spoil)  # pyright: ignore[reportArgumentType]
    found = (await total(opened)).offenders
    assert (found.get(Violation.DISAGREEING) == [1]) is disagrees


@pytest.mark.parametrize("is_identified", [False, True])
async def test_a_refusal_disagrees_with_nothing(
    opened: Database, backend_db: BackendDb, is_identified: bool
) -> None:
    backend_db.record(1)
    if is_identified:
        backend_db.identity(1, ago(20), wikidata_qid="Q1")
        backend_db.source(1, "wikidata", "Q1", ago(20))
    answer(backend_db, kind=None)
    assert (await total(opened)).violating(Violation.DISAGREEING) == 0


async def test_a_matched_compilation_is_dated(opened: Database, backend_db: BackendDb) -> None:
    backend_db.record(1, letters="Z")
    answer(backend_db, kind="compilation", is_matched=True, cohort="va")
    assert (await total(opened)).violating(Violation.DISAGREEING) == 1
    backend_db.execute("update library set unresolved_attempted_at = %s", NOW)
    assert (await total(opened)).violating(Violation.DISAGREEING) == 0


async def test_sources_without_an_identity_are_orphaned(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    backend_db.source(1, "discogs", "7", NOW)
    assert (await total(opened)).offenders[Violation.ORPHANED] == [1]
    backend_db.identity(1, NOW)
    assert (await total(opened)).violating(Violation.ORPHANED) == 0


@pytest.mark.parametrize(
    ("before", "days_between", "reason", "is_twice"),
    [
        ("unresolved", 29, "retry_due", True),
        ("unresolved", 30, "retry_due", False),
        ("unresolved", 2, "recheck", False),
        (None, 29, "retry_due", True),
        ("single_artist", 6, "stale", True),
        ("single_artist", 7, "stale", False),
        ("single_artist", 1, "never_resolved", False),
        ("single_artist", 1, "retry_due", False),
    ],
)
async def test_a_record_is_asked_about_once_in_its_window(
    opened: Database,
    backend_db: BackendDb,
    before: str | None,
    days_between: float,
    reason: str,
    is_twice: bool,
) -> None:
    backend_db.record(1)
    backend_db.execute(
        "insert into library_candidate values (1, 'non_va', %s, 'Cat Power', '', 1, now(), '')",
        reason,
    )
    answer(backend_db, kind=before, answered_at=ago(days_between))
    assert (await total(opened)).violating(Violation.ASKED_TWICE) == 0
    answer(backend_db, kind="unresolved")
    assert (await total(opened)).violating(Violation.ASKED_TWICE) == is_twice
    assert (await total(opened, days=31)).violating(Violation.ASKED_TWICE) == 0


async def test_an_identity_that_a_person_deleted_is_not_asked_about_twice(
    opened: Database, backend_db: BackendDb
) -> None:
    for library_id in (1, 2):
        backend_db.record(library_id)
    everything = IdRange(1, 20)
    for day in (1, 0):
        now = ago(day)
        identities = IdentityStore(opened, clock=lambda now=now: now)
        due = await identities.put_candidates(everything, WIDE, "a run")
        assert due.total() == 2 - (day == 0)
        asked = await identities.unanswered(everything, WIDE)
        answers = [single(each.library_id, entry("wikidata", "Q1")) for each in asked]
        await store(opened, now, asked, answers)
        await apply(opened, now, WIDE, everything)
        backend_db.execute("delete from library_identity_source where library_id = 1")
        backend_db.execute("delete from library_identity where library_id = 1")
    assert (await total(opened)).violating(Violation.ASKED_TWICE) == 0


async def test_a_renamed_record_may_be_asked_about_again(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    answer(backend_db, kind="unresolved", artist_name="Chan Marshall", answered_at=ago(1))
    answer(backend_db, kind="unresolved")
    assert (await total(opened)).violating(Violation.ASKED_TWICE) == 0


@pytest.mark.parametrize(
    ("kind", "is_classified"),
    [("unresolved", True), ("compilation", True), (None, False), ("never", False)],
)
async def test_a_compilation_is_classified_by_an_answer_of_any_age(
    opened: Database, backend_db: BackendDb, kind: str | None, is_classified: bool
) -> None:
    backend_db.record(1, letters="Z")
    backend_db.record(2)
    if kind != "never":
        answer(backend_db, kind=kind, answered_at=ago(300), is_matched=kind == "compilation")
    found = await total(opened)
    assert found.compilations == 1
    assert found.compilations_classified == is_classified
    assert found.compilations_matched == (kind == "compilation")


async def test_a_credit_that_lost_its_artist_disagrees_with_the_answer(
    opened: Database, backend_db: BackendDb
) -> None:
    tracks = [
        {"artist_name": "Ada", "track_title": None, "resolved_artist_name": "ADA"},
        {"artist_name": "Bo", "track_title": "Glass", "resolved_artist_name": None},
    ]
    backend_db.record(1, letters="Z", attempted_at=NOW)
    ada = backend_db.artist("Ada")
    backend_db.execute("update artists set last_modified = %s", ago(1))
    linked = {"track_artist_id": ada, "track_artist_link_method": "lml_backfill"}
    backend_db.credit(1, "Ada", None, **linked)
    backend_db.credit(1, "Bo", "Glass")
    words = {"tracks": tracks}
    answer(backend_db, kind="compilation", is_matched=True, cohort="va", words=words)

    async def disagreeing() -> int:
        return (await total(opened)).violating(Violation.DISAGREEING)

    assert await disagreeing() == 0
    backend_db.execute("update compilation_track_artist set track_artist_id = null")
    assert await disagreeing() == 1
    backend_db.execute("update artists set last_modified = %s", NOW)
    assert await disagreeing() == 0  # the artist may be newer than the answer
    backend_db.execute("update artists set last_modified = %s", ago(1))
    backend_db.execute("update compilation_track_artist set track_artist_link_method = 'librarian'")
    assert await disagreeing() == 0
    backend_db.execute("update compilation_track_artist set track_artist_link_method = null")
    assert await disagreeing() == 1
    backend_db.execute("delete from compilation_track_artist where artist_name = 'Ada'")
    assert await disagreeing() == 0
