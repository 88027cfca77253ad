"""The counts of each state and slice, over a real PostgreSQL."""

from datetime import timedelta

import pytest

from wxyc_assets.adapters.postgres.artwork_store import (
    COVER,
    LML_REFUSED,
    ArtworkStore,
    LookupOutcome,
)
from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.artwork import CoverScope, NoCoverReason
from wxyc_assets.domain.coverage import CoverageRules, CoverState, State, Violation
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.coverage.snapshot import take_snapshot
from wxyc_assets_tests.integration.adapters.postgres.counted_library import (
    NARROW,
    NOW,
    RANGES,
    WIDE,
    ago,
    answer,
    slices,
    state,
    total,
)
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import album, put


async def test_an_identity_is_fresh_and_then_stale(opened: Database, backend_db: BackendDb) -> None:
    backend_db.record(1)
    backend_db.identity(1, ago(7))
    assert await state(opened) is State.FRESH
    assert await state(opened, days=0.1) is State.STALE


async def test_a_record_out_of_scope_has_its_reason(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1, None)
    backend_db.identity(1, NOW)
    assert await state(opened) is State.NO_ARTIST_NAME
    backend_db.execute("update library set artist_name = 'Cat Power', canonical_entity_id = null")
    assert await state(opened, NARROW) is State.NO_CANONICAL_ENTITY
    assert await state(opened, WIDE) is State.FRESH


@pytest.mark.parametrize(
    ("kind", "is_matched", "expected"),
    [
        (None, False, State.REFUSED),
        ("unresolved", False, State.UNRESOLVED),
        ("compilation", False, State.COMPILATION_UNMATCHED),
        ("compilation", True, State.COMPILATION_MATCHED),
    ],
)
async def test_an_answer_without_an_identity_waits_for_the_retry_window(
    opened: Database, backend_db: BackendDb, kind: str | None, is_matched: bool, expected: State
) -> None:
    backend_db.record(1)
    assert await state(opened) is State.NEVER_ASKED
    answer(backend_db, kind=kind, is_matched=is_matched)
    assert await state(opened, days=29) is expected
    assert await state(opened, days=30) is State.ATTEMPTED_LONG_AGO


async def test_an_answer_that_a_person_rejected_waits_for_the_retry_window(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    answer(backend_db, kind="single_artist")
    backend_db.execute("update lml_resolution set is_rejected = true")
    assert await state(opened, days=29) is State.REJECTED
    assert await state(opened, days=30) is State.ATTEMPTED_LONG_AGO


async def test_an_answer_about_another_name_does_not_count(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    answer(backend_db, kind="unresolved", artist_name="Chan Marshall")
    assert await state(opened) is State.NEVER_ASKED


@pytest.mark.parametrize("kind", ["single_artist", "unresolved", "compilation"])
async def test_an_answer_that_reached_no_table_covers_nothing(
    opened: Database, backend_db: BackendDb, kind: str
) -> None:
    backend_db.record(1)
    answer(backend_db, kind=kind, applied_at=None)
    assert await state(opened) is State.NOT_WRITTEN


async def test_an_attempt_by_another_job_waits_where_it_counts(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1, attempted_at=ago(29))
    assert await state(opened, WIDE) is State.ATTEMPTED_ELSEWHERE
    assert await state(opened, NARROW) is State.ATTEMPTED_LONG_AGO
    backend_db.execute("update library set code_volume_letters = 'ZA'")
    assert await state(opened, NARROW) is State.ATTEMPTED_ELSEWHERE
    assert await state(opened, WIDE, days=2) is State.ATTEMPTED_LONG_AGO


async def test_every_dimension_divides_the_whole_library(
    opened: Database, backend_db: BackendDb
) -> None:
    for library_id in (1, 10, 11, 21):
        backend_db.record(library_id, letters="Z" if library_id == 10 else None)
    backend_db.execute("update library set genre_id = 7 where id = 11")
    found = {(str(each.dimension), each.member): each for each in await slices(opened)}
    rows = {index: each.library_rows for index, each in found.items()}
    assert rows == {
        ("all", ""): 4,
        ("cohort", "va"): 1,
        ("cohort", "non_va"): 3,
        ("id_range", "0000001-0000010"): 2,
        ("id_range", "0000011-0000020"): 1,
        ("id_range", "outside"): 1,
        ("genre", "11"): 3,
        ("genre", "7"): 1,
    }
    assert found["id_range", "outside"].offenders == {
        Violation.OUTSIDE: [21],
        Violation.UNCOVERED: [21],
    }
    assert found["all", ""].largest_id == 21


async def test_an_empty_library_has_its_ranges(opened: Database) -> None:
    found = await slices(opened)
    assert [each.member for each in found] == ["", "va", "non_va", *(r.key for r in RANGES)]
    assert not any(each.library_rows for each in found)


async def test_identities_are_counted_by_method_confidence_and_sources(
    opened: Database, backend_db: BackendDb
) -> None:
    for library_id, confidence in ((1, 0.9), (2, 1.0), (3, 0.85)):
        backend_db.record(library_id)
        backend_db.identity(library_id, NOW, confidence=confidence)
    backend_db.source(1, "discogs", "7", NOW)
    backend_db.source(1, "spotify", "x", NOW)
    found = await total(opened)
    assert found.methods == {"exact_match": 3}
    assert found.confidences == {"0.8": 1, "0.9": 2}
    assert found.sources == {"0": 2, "2": 1}


async def test_each_cover_is_in_one_state(opened: Database, backend_db: BackendDb) -> None:
    put(backend_db, album(1), artwork_url="https://a.example/b.jpeg")
    put(backend_db, album(2), album(3), album(4), album(5))
    put(backend_db, album(6), discogs_artist_id=None)
    put(backend_db, album(7), discogs_unavailable=True)
    artwork = ArtworkStore(opened, CoverScope(), clock=lambda: NOW)
    url = "https://i.discogs.com/x.jpeg"
    lookups = [
        LookupOutcome(album(2), NoCoverReason.NOT_DIRECT),
        LookupOutcome(album(3), NoCoverReason.UNKNOWN),
        LookupOutcome(album(4), COVER, url, 1.0),
    ]
    await artwork.store(lookups, "run")
    assert (await total(opened)).covers == {
        CoverState.THERE: 1,
        CoverState.DENIED: 1,
        CoverState.UNKNOWN: 2,
        CoverState.WAITING: 1,
        CoverState.NOT_WANTED: 2,
    }
    later = await total(opened, days=31)
    assert later.cover(CoverState.DENIED) == 0
    assert later.cover(CoverState.UNKNOWN) == 3


async def test_covers_without_an_answer_are_those_a_run_would_look_up(
    opened: Database, backend_db: BackendDb
) -> None:
    put(backend_db, *(album(number) for number in range(1, 8)))
    artwork = ArtworkStore(opened, CoverScope(), clock=lambda: NOW)
    await artwork.store(
        [
            LookupOutcome(album(1), NoCoverReason.UNKNOWN),
            LookupOutcome(album(2), LML_REFUSED, refusal="HTTP 422"),
        ],
        "run",
    )
    wanted = await artwork.wanted(IdRange(1, 20))
    found = await total(opened)
    assert found.cover(CoverState.UNKNOWN) == len(wanted.due) == 6
    assert found.cover(CoverState.DENIED) == wanted.resting == 1


async def test_a_snapshot_is_read_as_it_was_stored_and_a_run_has_one(
    opened: Database, backend_db: BackendDb
) -> None:
    for library_id in (1, 11, 12):
        backend_db.record(library_id)
    backend_db.identity(1, NOW, confidence=0.7)

    async def take(run_id: str, days: float) -> object:
        coverage = CoverageStore(opened, clock=lambda: NOW + timedelta(days=days))
        return await take_snapshot(
            coverage, run_id=run_id, rules=CoverageRules(WIDE), ranges=RANGES
        )

    assert await CoverageStore(opened).newest(1) == []
    await take("one", 0)
    await take("one", 1)
    two = await take("two", 2)
    coverage = CoverageStore(opened)
    assert (await coverage.load(["two", "none"])) == {"two": two}
    assert [each.run_id for each in await coverage.newest(9)] == ["two", "one"]
    assert [each.run_id for each in await coverage.newest(1, "one")] == ["one"]
    rows = backend_db.rows(
        "select dimension, library_rows from coverage_snapshot where run_id = 'one'"
    )
    assert len(rows) == 1 + 2 + 2 + 1
    assert {each["library_rows"] for each in rows if each["dimension"] == "all"} == {3}


async def test_a_stale_identity_whose_answer_is_not_written_is_not_stale(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    backend_db.identity(1, ago(8))
    answer(backend_db, kind="single_artist", applied_at=None)
    found = await total(opened)
    assert found.states == {State.NOT_WRITTEN: 1}
    assert found.identified == 1
    assert found.covered == 0


async def test_a_record_that_became_due_lately_still_waits(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1)
    answer(backend_db, kind="unresolved")
    (found, *_) = await slices(opened, days=39, grace=10)
    assert found.states == {State.UNRESOLVED: 1}
    (found, *_) = await slices(opened, days=40, grace=10)
    assert found.states == {State.ATTEMPTED_LONG_AGO: 1}
