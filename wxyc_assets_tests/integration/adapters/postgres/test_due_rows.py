"""The rule in SQL against the rule in Python, over every edge and over chance."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from typing import Any

import pytest

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.domain.candidates import Cohort, LibraryRow, Reason, Scope, due_reason
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_sandbox.backend import copy_rows

NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
WEEK, MONTH = timedelta(days=7), timedelta(days=30)
NOBODY = ("unresolved", "compilation", "refusal")

SCOPES = [Scope(include_null_canonical=w, recheck=r) for w in (False, True) for r in (False, True)]
ODD_WINDOWS = [
    Scope(include_null_canonical=wide, recheck=recheck, stale_days=0.5, retry_days=1.25)
    for wide in (False, True)
    for recheck in (False, True)
]


@dataclass(frozen=True)
class DueCase:
    """A library row and its last answer: kind, date, and whether the row was renamed since."""

    artist_name: str | None
    is_canonical: bool
    letters: str | None
    has_credits: bool
    verified_at: datetime | None
    attempted_at: datetime | None
    answer: tuple[str, datetime, bool] | None
    is_wanted_again: bool = False
    """Counts for the answer, if the row was not renamed since."""

    @property
    def cohort(self) -> Cohort:
        is_va = (self.letters or "").startswith("Z") or self.has_credits
        return Cohort.VA if is_va else Cohort.NON_VA

    @property
    def facts(self) -> LibraryRow:
        answered_at = None
        is_wanted_again = False
        if self.answer and self.artist_name:
            kind, date, is_renamed = self.answer
            answered_at = date if kind in NOBODY and not is_renamed else None
            is_wanted_again = self.is_wanted_again and not is_renamed
        return LibraryRow(
            self.artist_name,
            self.is_canonical,
            self.cohort,
            self.verified_at,
            self.attempted_at,
            answered_at,
            is_wanted_again,
        )


def around(edge: datetime) -> list[datetime]:
    return [edge - TICK, edge, edge + TICK]


def every_edge() -> Iterator[DueCase]:
    kinds = ("single_artist", *NOBODY)
    answers = [None, ("unresolved", NOW, True)]
    answers += [(kind, date, False) for kind in kinds for date in around(NOW - MONTH)]
    for facts in product(
        ("Stereolab", None),
        (True, False),
        (None, "", "A", "Z", "ZA", "z"),
        (True, False),
        (None, *around(NOW - WEEK)),
        (None, *around(NOW - MONTH)),
        answers,
    ):
        yield DueCase(*facts)


def by_chance(count: int) -> Iterator[DueCase]:
    random = Random(1994)

    def date() -> datetime:
        return NOW - timedelta(days=random.choice((0.5, 1.25, random.uniform(-1, 60))))

    for _ in range(count):
        answer = (random.choice(("single_artist", *NOBODY)), date(), random.random() < 0.1)
        yield DueCase(
            random.choice(("Stereolab", "Jessica Pratt", "", None)),
            random.random() < 0.5,
            random.choice((None, "A", "Z", "ZB", "AZ", " Z")),
            random.random() < 0.3,
            date() if random.random() < 0.5 else None,
            date() if random.random() < 0.5 else None,
            answer if random.random() < 0.6 else None,
            is_wanted_again=random.random() < 0.2,
        )


def shelve(backend_db: BackendDb, cases: dict[int, DueCase]) -> None:
    def copy(table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
        copy_rows(backend_db.connection, table, columns.split(), rows)

    backend_db.execute("set session_replication_role to replica")
    copy(
        "library",
        "id artist_id genre_id format_id album_title code_number legacy_release_id artist_name "
        "code_volume_letters canonical_entity_id unresolved_attempted_at",
        [
            (id, 1, 1, 1, "Aluminum Tunes", 1, id, each.artist_name, each.letters,
             "x" if each.is_canonical else None, each.attempted_at)
            for id, each in cases.items()
        ],
    )  # fmt: skip
    copy(
        "library_identity",
        "library_id last_verified_at method confidence",
        [(id, e.verified_at, "llm", 1) for id, e in cases.items() if e.verified_at],
    )
    copy(
        "compilation_track_artist",
        "library_id artist_name",
        [(id, "Burial") for id, each in cases.items() if each.has_credits],
    )
    copy(
        "lml_resolution",
        "library_id cohort artist_name kind answer refusal answered_at applied_at run_id "
        "ask_again_at",
        [_answer(id, each, *each.answer) for id, each in cases.items() if each.answer],
    )
    backend_db.execute("set session_replication_role to origin")


def _answer(id: int, case: DueCase, kind: str, date: datetime, is_renamed: bool) -> tuple[Any, ...]:
    name = "Someone Else" if is_renamed else case.artist_name or "Stereolab"
    refused = kind == "refusal"
    words = (None, None, "HTTP 422") if refused else (kind, "{}", None)
    wanted_again = NOW if case.is_wanted_again else None
    return id, case.cohort, name, *words, date, date, "earlier", wanted_again


def judged(cases: dict[int, DueCase], scope: Scope) -> dict[int, tuple[Cohort, Reason]]:
    verdicts = ((id, case, due_reason(case.facts, scope, NOW)) for id, case in cases.items())
    return {
        id: (case.cohort, verdict) for id, case, verdict in verdicts if isinstance(verdict, Reason)
    }


async def test_sql_and_python_judge_every_row_alike(
    opened: Database, backend_db: BackendDb
) -> None:
    cases = dict(enumerate([*every_edge(), *by_chance(4_000)], start=1))
    shelve(backend_db, cases)
    library = IdentityStore(opened, clock=lambda: NOW)
    middle = len(cases) // 2
    for scope in (*SCOPES, *ODD_WINDOWS):
        found = {
            each.candidate.library_id: (each.candidate.cohort, each.reason)
            for id_range in (IdRange(1, middle), IdRange(middle + 1, len(cases)))
            for each in await library.due(id_range, scope)
        }
        expected = judged(cases, scope)
        differing = [id for id in cases if found.get(id) != expected.get(id)]
        assert [(cases[id], found.get(id), expected.get(id)) for id in differing[:3]] == []
        assert {reason for _, reason in found.values()} >= {*Reason} - {Reason.RECHECK}


@pytest.fixture
def small(backend_db: BackendDb) -> dict[int, DueCase]:
    cases = dict(enumerate(by_chance(300), start=1))
    shelve(backend_db, cases)
    return cases


async def test_candidates_are_exactly_what_is_due_whatever_they_were_before(
    opened: Database, backend_db: BackendDb, small: dict[int, DueCase]
) -> None:
    library = IdentityStore(opened, clock=lambda: NOW)
    for number, scope in enumerate((*SCOPES, *reversed(SCOPES))):
        run_id = f"run {number}"
        counted = await library.put_candidates(IdRange(1, 300), scope, run_id)
        rows = backend_db.rows("select * from library_candidate")
        expected = judged(small, scope)
        assert {row["library_id"]: (row["cohort"], row["reason"]) for row in rows} == expected
        assert counted == Counter(expected.values())
        assert {(row["due_at"], row["run_id"]) for row in rows} == {(NOW, run_id)}


async def test_a_step_that_starts_twice_keeps_what_its_run_found_due(
    opened: Database, backend_db: BackendDb, small: dict[int, DueCase]
) -> None:
    library = IdentityStore(opened, clock=lambda: NOW)

    async def put(scope: Scope, run_id: str) -> set[int]:
        await library.put_candidates(IdRange(1, 300), scope, run_id)
        rows = backend_db.rows("select library_id from library_candidate")
        return {row["library_id"] for row in rows}

    found = await put(SCOPES[2], "a run")
    due_now = {*judged(small, SCOPES[0])}
    assert found - due_now
    assert await put(SCOPES[0], "a run") == found | due_now
    assert await put(SCOPES[0], "the next run") == due_now


async def test_candidates_of_other_ranges_are_left_alone(
    opened: Database, backend_db: BackendDb, small: dict[int, DueCase]
) -> None:
    library = IdentityStore(opened, clock=lambda: NOW)
    await library.put_candidates(IdRange(1, 300), SCOPES[2], "first")
    before = backend_db.rows("select * from library_candidate where library_id > 150 order by 1")
    await library.put_candidates(IdRange(1, 150), SCOPES[0], "second")
    after = backend_db.rows("select * from library_candidate where library_id > 150 order by 1")
    assert after == before != []


async def test_a_candidate_carries_what_lml_is_asked(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(7, "Juana Molina", letters="ZZ")
    (due,) = await IdentityStore(opened).due(IdRange(1, 10), Scope())
    candidate = due.candidate
    assert (candidate.library_id, candidate.artist_name) == (7, "Juana Molina")
    assert (candidate.album_title, candidate.legacy_release_id) == ("Moon Pix", 50_007)
    assert (candidate.cohort, due.reason) == (Cohort.VA, Reason.NEVER_RESOLVED)


async def test_without_a_clock_the_databases_own_time_counts(
    opened: Database, backend_db: BackendDb
) -> None:
    backend_db.record(1, attempted_at=datetime.now(UTC) - MONTH + timedelta(hours=1), letters="Z")
    backend_db.record(2, attempted_at=datetime.now(UTC) - MONTH - timedelta(hours=1), letters="Z")
    due = await IdentityStore(opened).due(IdRange(1, 10), Scope())
    assert [each.candidate.library_id for each in due] == [2]
