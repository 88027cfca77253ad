"""Any sequence of runs, edits by others and reverts, against a model of what a revert does."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, LiteralString

from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from wxyc_assets.adapters.postgres.artwork_store import COVER, ArtworkStore, LookupOutcome
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.adapters.postgres.journal_store import JournalStore
from wxyc_assets.domain.artwork import Album, CoverScope
from wxyc_assets.domain.candidates import Cohort, Scope
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.revert import NothingToRevert, plan_revert, revert_run
from wxyc_assets_tests.support.answers import (
    apply,
    candidate,
    compilation,
    entry,
    single,
    store,
    track,
    unresolved,
)
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.table_parts import (
    Part,
    Parts,
    everything_else,
    expected_after_revert,
    parts,
)

Step = tuple[str, Any]
WIDE = Scope(include_null_canonical=True)
RECORDS = (1, 2, 3, 4)
COMPILATIONS = (3, 4)
RANGES = [IdRange(1, 2), IdRange(3, 4)]
EVERYTHING = IdRange(1, 10)
TABLES = (
    "library_journal, library_revert, lml_resolution, artwork_lookup, library_identity, "
    "library_identity_source, library_identity_history, compilation_track_artist, library, artists"
)
START = datetime(2026, 5, 1, 12, tzinfo=UTC)

EDITS: dict[str, LiteralString] = {
    "another spotify id": "update library_identity set spotify_id = 'edited' where library_id = %s",
    "a person's decision": "update library_identity set method = 'manual', notes = 'by hand' "
    "where library_id = %s",
    "a source is gone": "delete from library_identity_source where library_id = %s "
    "and source = 'discogs'",
    "a source of another job": "insert into library_identity_source (library_id, source, "
    "external_id, method, confidence, last_verified_at) "
    "values (%s, 'bandcamp', 'x', 'manual', 1, '2026-01-01') on conflict do nothing",
    "a stamp": "update library set unresolved_attempted_at = '2026-04-30' where id = %s",
    "a cover": "update library set artwork_url = 'https://live/search.jpeg' where id = %s",
    "no cover": "update library set artwork_url = null where id = %s",
    "a librarian": "update compilation_track_artist set track_artist_link_method = 'librarian' "
    "where library_id = %s and track_title = 'Archangel'",
    "a position": "update compilation_track_artist set track_position = 'Z9' where library_id = %s",
    "something else": "update library set plays = plays + 1, label = 'Hyperdub' where id = %s",
}


def answers_about(library_id: int) -> st.SearchStrategy[dict[str, Any]]:
    """Return answers of LML about a record."""
    if library_id in COMPILATIONS:
        tracks = st.lists(
            st.builds(
                track,
                st.just("Burial"),
                st.sampled_from(["Archangel", "Raver", None]),
                st.sampled_from(["Burial", "Kode9"]),
                track_position=st.sampled_from([None, "A1", "B2"]),
                confidence=st.sampled_from([0.1, 0.9]),
            ),
            max_size=3,
        )
        return tracks.map(lambda each: compilation(library_id, *each))
    provenance = st.lists(
        st.builds(
            entry,
            st.sampled_from(["discogs", "spotify", "wikidata"]),
            st.sampled_from(["1", "2"]),
            confidence=st.sampled_from([0.3, 0.9]),
        ),
        max_size=3,
        unique_by=lambda each: each["source"],
    )
    singles = provenance.map(lambda each: single(library_id, *each))
    return singles | st.just(unresolved(library_id))


PAGES = st.fixed_dictionaries({}, optional={each: answers_about(each) for each in RECORDS})
COVERS = st.dictionaries(st.sampled_from(RECORDS), st.sampled_from(["a", "b"]), max_size=4)
FIRST = st.tuples(
    st.just("answers"), st.fixed_dictionaries({each: answers_about(each) for each in RECORDS})
)
STEPS = st.lists(
    st.tuples(st.just("answers"), PAGES)
    | st.tuples(st.just("covers"), COVERS)
    | st.tuples(st.just("edit"), st.tuples(st.sampled_from(list(EDITS)), st.sampled_from(RECORDS)))
    | st.tuples(st.just("revert"), st.integers(0, 5)),
    min_size=3,
    max_size=12,
)
ARCHANGEL = partial(track, "Burial", "Archangel", "Burial")
UNTITLED = partial(track, "Burial", None, "Burial")
ONE_CREDIT_AS_BEFORE = [
    ("answers", {3: compilation(3, *tracks)})
    for tracks in (
        [ARCHANGEL(confidence=0.1)],
        [ARCHANGEL(confidence=0.1, track_position="B2"), UNTITLED(confidence=0.1)],
        [ARCHANGEL(confidence=0.9)],
        [ARCHANGEL(confidence=0.1), UNTITLED(confidence=0.1, track_position="B2")],
    )
]
"""The last run leaves one credit as the second did, and changes the other.

Once a revert of the second has undone the one, the last run's result no longer stands.
"""


@dataclass
class RevertModel:
    """A library of four records, the runs over it, and the tables around each run."""

    backend_db: BackendDb
    database: Database
    now: datetime = START
    runs: dict[str, tuple[Parts, Parts]] = field(default_factory=dict)

    def reset(self) -> None:
        self.backend_db.execute(f"truncate {TABLES} restart identity cascade")
        for each in RECORDS:
            self.backend_db.record(each)
        for each in COMPILATIONS:
            for title in ("Archangel", "Raver", None):
                self.backend_db.credit(each, "Burial", title)
        self.backend_db.execute("update artists set discogs_artist_id = 388 where id = 0")
        self.backend_db.artist("Burial")
        self.backend_db.artist("Kode9")

    @property
    def journal(self) -> JournalStore:
        return JournalStore(self.database, clock=lambda: self.now)

    async def take(self, step: Step) -> None:
        self.now += timedelta(hours=1)
        kind, what = step
        if kind == "edit":
            name, library_id = what
            self.backend_db.execute(EDITS[name], library_id)
        elif kind == "revert":
            if self.runs:
                await self.revert([*self.runs][what % len(self.runs)])
        else:
            run_id, before = f"run {len(self.runs)}", parts(self.backend_db)
            await (self.ask(what, run_id) if kind == "answers" else self.cover(what, run_id))
            self.runs[run_id] = before, parts(self.backend_db)

    async def ask(self, page: dict[int, dict[str, Any]], run_id: str) -> None:
        """Have LML answer anew about some records, and apply what is stored about all."""
        cohorts = {each: Cohort.VA if each in COMPILATIONS else Cohort.NON_VA for each in page}
        asked = [candidate(each, cohorts[each]) for each in page]
        if asked:
            await store(self.database, self.now, asked, [*page.values()])
        await apply(self.database, self.now, WIDE, EVERYTHING, run_id)

    async def cover(self, found: dict[int, str], run_id: str) -> None:
        covers = ArtworkStore(self.database, CoverScope(), clock=lambda: self.now)
        albums = [Album(each, "The Station", "Moon Pix", each + 50_000) for each in found]
        lookups = [
            LookupOutcome(each, COVER, f"https://i/{found[each.library_id]}.jpeg", 1.0)
            for each in albums
        ]
        if lookups:
            await covers.store(lookups, run_id)
            await covers.write([*found], run_id)

    async def revert(self, reverted: str) -> None:
        """Revert a run; what it does is what the model says, and nothing else changes."""
        run_id = f"run {len(self.runs)}"
        before, others = parts(self.backend_db), everything_else(self.backend_db)
        expected, restored = expected_after_revert(*self.runs[reverted], before)
        try:
            planned = await plan_revert(self.journal, reverted)
            result = await revert_run(
                self.journal, reverted, RANGES, run_id=run_id, reverted_by="a test"
            )
        except NothingToRevert:
            assert self.runs[reverted][0] == self.runs[reverted][1]
            return
        after = parts(self.backend_db)
        assert after == expected
        assert everything_else(self.backend_db) == others
        assert (planned.reverted, planned.left_alone) == (result.reverted, result.left_alone)
        assert sum(result.reverted.values()) == len({each[:2] for each in restored})
        event(f"brought back: {sorted({each[0] for each in restored})}")
        event(f"left alone: {len(result.left_alone) > 0}")
        self.runs[run_id] = before, after
        await self.stays(restored, run_id)

    async def stays(self, restored: set[Part], run_id: str) -> None:
        """Check that what was brought back is not decided again from the same answers."""
        before = parts(self.backend_db)
        await apply(self.database, self.now, WIDE, EVERYTHING, f"after {run_id}")
        now = parts(self.backend_db)
        assert {each: now.get(each) for each in restored} == {
            each: before.get(each) for each in restored
        }
        self.runs[f"after {run_id}"] = before, now
        await self.waits()

    async def waits(self) -> None:
        """Records whose stored answer is held back are not due until they were to be retried."""
        rows = self.backend_db.rows(
            "select library_id from lml_resolution where reverted_at is not null"
        )
        held_back = {row["library_id"] for row in rows}
        due = await IdentityStore(self.database, clock=lambda: self.now).due(EVERYTHING, WIDE)
        assert not held_back & {each.candidate.library_id for each in due}
        covers = ArtworkStore(self.database, CoverScope(), clock=lambda: self.now)
        wanted = await covers.wanted(EVERYTHING)
        rows = self.backend_db.rows(
            "select library_id from artwork_lookup where reverted_at is not null"
        )
        assert not wanted.waiting
        assert not {row["library_id"] for row in rows} & {each.library_id for each in wanted.due}


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(first=FIRST, steps=STEPS)
@example(ONE_CREDIT_AS_BEFORE[0], [*ONE_CREDIT_AS_BEFORE[1:], ("revert", 1)])
async def test_a_revert_brings_back_what_its_run_changed_and_nothing_else(
    backend_db: BackendDb, opened: Database, first: Step, steps: list[Step]
) -> None:
    world = RevertModel(backend_db, opened)
    world.reset()
    for step in (first, *steps):
        await world.take(step)
