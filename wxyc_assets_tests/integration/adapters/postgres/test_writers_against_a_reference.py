"""The set-based writer against a naive one: thousands of answers, hostile ones among them."""

from collections import Counter
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from wxyc_assets.adapters.postgres.database import Database, open_database
from wxyc_assets.adapters.postgres.errors import RowRefused
from wxyc_assets.adapters.postgres.identity_store import IdentityStore, StoredAnswer
from wxyc_assets.domain.batches import halves
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets_tests.conftest import CopyOf
from wxyc_assets_tests.support.adversarial_answers import AdversarialCase
from wxyc_assets_tests.support.answers import EVERYTHING, apply, store
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.reference_writer import ReceivedAnswer, ReferenceWriter

SIZE, PAGE, SEED = 500, 50, 1994
NARROW, WIDE, RECHECK = Scope(), Scope(include_null_canonical=True), Scope(recheck=True)
FIRST, SECOND = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC)
RANGES = (IdRange(1, 200), IdRange(201, 10_000))
COMPARED_COUNTS = (
    "track_keys", "tracks_unresolved", "tracks_without_credit", "tracks_without_artist",
    "tracks_librarian", "tracks_unchanged", "tracks_written", "positions_written",
    "positions_ambiguous", "confidences_out_of_range",
)  # fmt: skip
WRITES = (
    "select query from pg_stat_statements s join pg_database d on d.oid = s.dbid "
    "where d.datname = current_database() and query ~* '(insert into|update|delete from)\\s+"
    "(library|compilation_track_artist|library_identity|library_identity_source"
    "|library_identity_history)\\M'"
)


@dataclass
class Rig:
    """Two databases with the same past: one for us, one for the naive writer."""

    case: AdversarialCase
    ours: BackendDb
    naive: BackendDb
    errors: set[int] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)

    @asynccontextmanager
    async def database(self) -> AsyncGenerator[Database]:
        async with open_database(
            self.ours.url, schema="wxyc_schema", assets_schema="wxyc_assets", max_connections=4
        ) as opened:
            yield opened

    async def hear(self, database: Database, at: datetime) -> list[ReceivedAnswer]:
        """Has a round of answers stored; returns them as the naive writer hears them."""
        received: list[ReceivedAnswer] = []
        for version, page in self.case.pages(PAGE):
            candidates = [record.candidate for record, _ in page]
            await store(database, at, candidates, [words for _, words in page], version=version)
            received += [
                ReceivedAnswer(
                    record.library_id, record.artist_name, record.cohort, words, version, at
                )
                for record, words in page
            ]
        return received

    def disturb(self, random: Random) -> None:
        """Between asking and applying, people rename and delete records."""
        remainder = random.randrange(83)
        for backend_db in (self.ours, self.naive):
            backend_db.execute("update library set artist_name = 'Chan Marshall' where id % 97 = 5")
            backend_db.execute(
                "delete from library l where id %% 83 = %s and not exists (select from "
                "library_identity i where i.library_id = l.id) and not exists (select from "
                "library_identity_source s where s.library_id = l.id)",
                remainder,
            )

    async def apply(
        self, database: Database, at: datetime, scope: Scope
    ) -> tuple[set[int], Counter[str]]:
        errors: set[int] = set()
        counts: Counter[str] = Counter()
        for id_range in RANGES:
            applied = await apply(database, at, scope, id_range)
            errors |= applied.write_errors.keys()
            for details in applied.details.values():
                counts.update(details)
        return errors, counts

    def write_naively(
        self, received: Sequence[ReceivedAnswer], scope: Scope
    ) -> tuple[set[int], Counter[str]]:
        writer = ReferenceWriter(self.naive.connection, records_attempts=scope.records_attempts)
        errors = {each.library_id for each in received if writer.write(each) is not None}
        return errors, writer.counts


@pytest.fixture(scope="module")
def past(copy_of: CopyOf, assets_template: str) -> Generator[tuple[str, AdversarialCase]]:
    """A database full of records, by its name, and the world that it shows."""
    with copy_of(assets_template) as url:
        case = AdversarialCase(SEED, SIZE)
        with BackendDb(url) as backend_db:
            case.insert_into(backend_db)
            name = backend_db.value("select current_database()")
        yield name, case


@pytest.fixture
def rig(past: tuple[str, AdversarialCase], copy_of: CopyOf) -> Generator[Rig]:
    name, case = past
    with (
        copy_of(name) as first,
        copy_of(name) as second,
        BackendDb(first) as ours,
        BackendDb(second) as naive,
    ):
        yield Rig(deepcopy(case), ours, naive)


def assert_same(ours: dict[str, Sequence[Any]], theirs: dict[str, Sequence[Any]]) -> None:
    for table, rows in ours.items():
        others = theirs[table]
        differing = [(a, b) for a, b in zip(rows, others, strict=False) if a != b]
        assert (table, differing[:2], len(rows)) == (table, [], len(others))


@pytest.mark.parametrize("scope", [NARROW, WIDE, RECHECK], ids=["narrow", "wide", "recheck"])
async def test_both_writers_leave_the_same_tables(rig: Rig, scope: Scope) -> None:
    random = Random(SEED)
    before = rig.ours.tables()
    assert_same(before, rig.naive.tables())
    async with rig.database() as database:
        for at in (FIRST, SECOND, SECOND + timedelta(days=40)):
            received = await rig.hear(database, at)
            rig.disturb(random)
            errors, counts = await rig.apply(database, at, scope)
            naive_errors, naive_counts = rig.write_naively(received, scope)
            assert errors == naive_errors
            assert_same(rig.ours.tables(), rig.naive.tables())
            for name in COMPARED_COUNTS:
                assert (name, counts[name]) == (name, naive_counts[name])
            assert naive_counts["tracks_written"] > 0
            assert errors
    after = rig.ours.tables()
    assert all(before[table] != after[table] for table in before)


async def test_a_second_application_writes_nothing_and_sends_no_writing_statement(rig: Rig) -> None:
    rig.ours.execute("create extension pg_stat_statements schema public")
    async with rig.database() as database:
        await rig.hear(database, FIRST)
        await rig.apply(database, FIRST, WIDE)
        assert rig.ours.rows(WRITES)
        rig.ours.execute("delete from lml_resolution where write_error is not null")
        rig.ours.execute("select pg_stat_statements_reset()")
        before = rig.ours.versions()
        for scope in (NARROW, WIDE, RECHECK):
            assert await rig.apply(database, SECOND, scope) == (set(), Counter())
        assert rig.ours.rows(WRITES) == []
        assert rig.ours.versions() == before


async def test_answers_applied_once_more_change_no_row(rig: Rig) -> None:
    async with rig.database() as database:
        for at in (FIRST, SECOND):
            await rig.hear(database, at)
            errors, _ = await rig.apply(database, at, WIDE)
        before = rig.ours.versions()
        rig.ours.execute("update lml_resolution set applied_at = null")
        again, counts = await rig.apply(database, SECOND, WIDE)
        assert again == errors
        assert counts["tracks_written"] == 0
        assert counts["tracks_unchanged"] > 0
        assert rig.ours.versions() == before


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_order_and_batching_do_not_matter(rig: Rig, size: int, copy_of: CopyOf) -> None:
    async with rig.database() as database:
        await rig.hear(database, FIRST)
    name = rig.ours.value("select current_database()")
    rig.ours.connection.close()
    with copy_of(name) as other:
        async with opened(other) as database:
            await apply(database, FIRST, WIDE, EVERYTHING)
        async with rig.database() as database:
            library = IdentityStore(database, clock=lambda: FIRST)
            answers = await library.unapplied(EVERYTHING, WIDE)
            Random(size).shuffle(answers)
            sound = [each for each in answers if not each.is_poisoned]
            for start in range(0, len(sound), size):
                await apply_somehow(library, sound[start : start + size])
        with BackendDb(other) as theirs, BackendDb(rig.ours.url) as ours:
            assert_same(ours.tables(), theirs.tables())


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Database]:
    async with open_database(
        url, schema="wxyc_schema", assets_schema="wxyc_assets", max_connections=4
    ) as database:
        yield database


async def apply_somehow(library: IdentityStore, answers: Sequence[StoredAnswer]) -> None:
    try:
        await library.apply(answers, WIDE, "test")
    except RowRefused:
        if len(answers) > 1:
            for half in halves(answers):
                await apply_somehow(library, half)
