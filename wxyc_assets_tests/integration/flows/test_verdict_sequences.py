"""200 random sequences of runs, verdicts, replays and reverts: no rejected answer ever comes back.

Records do not affect each other, so each of the 50 of a library goes through a sequence of its own,
in four libraries.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from wxyc_assets.adapters.lml.lookup import LookupAnswer
from wxyc_assets.adapters.postgres.artwork_store import COVER, ArtworkStore, LookupOutcome
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.journal_store import JournalStore
from wxyc_assets.adapters.postgres.verdict_store import VerdictStore
from wxyc_assets.domain.artwork import Album, CoverScope, Rules
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.domain.verdict_file import NumberedVerdict
from wxyc_assets.domain.verdicts import Decision, RecordVerdict, Topic
from wxyc_assets.flows.artwork.replay import apply_replay
from wxyc_assets.flows.revert import NothingToRevert, revert_run
from wxyc_assets_tests.support.answers import apply, candidate, entry, single, store, unresolved
from wxyc_assets_tests.support.backend_db import BackendDb

RECORDS = range(1, 51)
ACTIONS = 24
RANGES = [IdRange(1, 25), IdRange(26, 50)]
EVERYTHING = IdRange(1, 50)
WIDE = Scope(include_null_canonical=True)
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
VALUES = {
    Topic.DISCOGS: ("11", "22"),
    Topic.SPOTIFY: ("1" * 22, "2" * 22),
    Topic.WIKIDATA: ("Q1", "Q2"),
    Topic.COVER: ("https://i.discogs.com/a.jpeg", "https://i.discogs.com/b.jpeg"),
}
IDS = (Topic.DISCOGS, Topic.SPOTIFY, Topic.WIKIDATA)
SHOWN = """
    select
        l.id as library_id,
        l.artwork_url as cover,
        i.method,
        i.wikidata_qid as wikidata,
        i.spotify_id as spotify,
        coalesce(
            (
                select jsonb_object_agg(s.source, s.external_id)
                from library_identity_source s
                where s.library_id = l.id
            ),
            '{}'
        ) as ids
    from library l
    left join library_identity i on i.library_id = l.id
"""


@dataclass
class JudgedLibrary:
    """A library, what people said about it, and the runs over it."""

    backend_db: BackendDb
    database: Database
    random: Random
    now: datetime = START
    said: list[RecordVerdict] = field(default_factory=list[RecordVerdict])
    runs: list[str] = field(default_factory=list[str])
    actions: int = 0

    def begin(self) -> None:
        for each in RECORDS:
            self.backend_db.record(each)
        self.backend_db.execute("update artists set discogs_artist_id = 388")

    async def act(self) -> None:
        """Do something, and check that what people decided holds."""
        self.now += timedelta(hours=1)
        self.actions += 1
        actions = (self.ask, self.ask, self.look_up, self.judge, self.judge, self.judge)
        await self.random.choice((*actions, self.replay, self.revert))()
        self.check()

    async def ask(self) -> None:
        """Have LML answer about some records, as in a recheck, and apply it."""
        asked = self.some()
        answers = [self._answer(each) for each in asked]
        await store(self.database, self.now, [candidate(each) for each in asked], answers)
        await apply(self.database, self.now, WIDE, EVERYTHING, self._run())

    async def look_up(self) -> None:
        """Have LML find covers for some records, and write them."""
        covers = ArtworkStore(self.database, CoverScope(), clock=lambda: self.now)
        lookups = [self._lookup(each) for each in self.some()]
        run_id = self._run()
        await covers.store(lookups, run_id)
        await covers.write([each.album.library_id for each in lookups], run_id)

    async def judge(self) -> None:
        """Take in a verdict on some records; some of them were decided earlier."""
        verdicts = [self._verdict(each) for each in self.some()]
        self.said += verdicts
        await VerdictStore(self.database).take_in(
            [NumberedVerdict(line, each) for line, each in enumerate(verdicts, start=2)]
        )

    async def replay(self) -> None:
        """Decide on the covers again under other rules."""
        scope = CoverScope(rules=Rules(self.random.choice([0.7, 0.95])))
        await apply_replay(self.database, scope, RANGES, self._run())

    async def revert(self) -> None:
        """Revert some run; it may have changed nothing."""
        if not self.runs:
            return
        reverted, run_id = self.random.choice(self.runs), self._run()
        journal = JournalStore(self.database, clock=lambda: self.now)
        try:
            await revert_run(journal, reverted, RANGES, run_id=run_id, reverted_by="a test")
        except NothingToRevert:
            self.runs.remove(run_id)

    def check(self) -> None:
        shown = {row["library_id"]: row for row in self.backend_db.rows(SHOWN)}
        for library_id, topic in {(each.library_id, each.topic) for each in self.said}:
            values = {*self._shown(shown[library_id], topic)}
            rejected, chosen = self._standing(library_id, topic)
            assert not values & rejected, (library_id, topic, values, self.said)
            if chosen is not None:
                assert values == {chosen}, (library_id, topic, values, self.said)
                assert topic is Topic.COVER or shown[library_id]["method"] == "manual"

    def some(self) -> list[int]:
        return sorted(self.random.sample(RECORDS, 20))

    def _run(self) -> str:
        self.runs.append(f"run {self.actions}")
        return self.runs[-1]

    def _answer(self, library_id: int) -> dict[str, Any]:
        if self.random.random() < 0.1:
            return unresolved(library_id)
        sources = self.random.sample(IDS, self.random.randint(1, 3))
        entries = [
            entry(
                each,
                self.random.choice(VALUES[each]),
                confidence=self.random.choice([0.3, 0.9]),
            )
            for each in sources
        ]
        return single(library_id, *entries)

    def _lookup(self, library_id: int) -> LookupOutcome:
        url, confidence = self.random.choice(VALUES[Topic.COVER]), self.random.choice([0.9, 1.0])
        album = Album(library_id, "The Station", "Moon Pix", library_id + 50_000)
        artwork = {
            "artist": album.artist_name,
            "album": album.album_title,
            "release_id": 7,
            "artwork_url": url,
            "confidence": confidence,
        }
        item = {"id": album.legacy_release_id}
        words = {
            "results": [{"library_item": item, "artwork": artwork}],
            "search_type": "direct",
        }
        return LookupOutcome(album, COVER, url, confidence, answer=LookupAnswer(words))

    def _verdict(self, library_id: int) -> RecordVerdict:
        topic = self.random.choice([*VALUES])
        return RecordVerdict(
            library_id,
            None,
            topic,
            self.random.choice(VALUES[topic]),
            self.random.choice([Decision.REJECT, Decision.REJECT, *Decision]),
            self.random.choice(["jake", "juana"]),
            self.now - timedelta(minutes=self.random.choice([0, 0, 90, 300])),
        )

    def _standing(self, library_id: int, topic: Topic) -> tuple[set[str], str | None]:
        """Return the rejected values and the chosen one, as people would work it out."""
        mine = [each for each in self.said if (each.library_id, each.topic) == (library_id, topic)]
        mine.sort(key=lambda each: each.decided_at)  # stable: of one moment, the last stands
        newest = {each.value: each for each in mine}
        rejected = {v for v, each in newest.items() if each.decision is Decision.REJECT}
        positive = (Decision.CONFIRM, Decision.REPLACE)
        chosen = [each.value for each in mine if each is newest[each.value]
                  and each.decision in positive]  # fmt: skip
        return rejected, chosen[-1] if chosen else None

    @staticmethod
    def _shown(row: dict[str, Any], topic: Topic) -> Iterator[str]:
        found = [row[topic]] if topic in row else []
        yield from (each for each in [*found, row["ids"].get(topic)] if each)


@pytest.mark.parametrize("seed", range(4))
async def test_no_rejected_answer_ever_comes_back(
    opened: Database, backend_db: BackendDb, seed: int
) -> None:
    world = JudgedLibrary(backend_db, opened, Random(seed))
    world.begin()
    for _ in range(ACTIONS):
        await world.act()
    assert len(world.runs) > ACTIONS / 4
