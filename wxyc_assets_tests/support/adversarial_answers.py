"""A small library with earlier identities, and adversarial answers about it, by seed."""

import string
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

from wxyc_assets.domain.candidates import Candidate, Cohort
from wxyc_assets_tests.support.answers import Json, compilation, entry, no_identity, single, track
from wxyc_assets_tests.support.backend_db import BackendDb

LONG_AGO = datetime(2025, 6, 1, tzinfo=UTC)
NOTES_MARK = "consumer:lml-bulk"
METHODS = ("exact_match", "alias_match", "manual", "llm")
CONFIDENCES = (0.9, 0.8999999761581421, 0.7, 1.0, 0.0)
SOURCES = ("discogs", "musicbrainz", "wikidata", "spotify", "apple_music", "bandcamp")
NAMES = ("Björk", "BJORK", "Sigur Rós", "Stereolab", "Juana Molina", "Cat Power", "坂本龍一", "Ñu",
         "O'Rourke", "Beyoncé", "beyonce", "A\u030aland", "Åland", "\\N", "Ελένη")  # fmt: skip
ARTISTS = ("Björk", "Sigur Rós", "Stereolab", "stereolab", "Juana Molina", "坂本龍一", "Ñu",
           "O'Rourke", "Beyonce", "Åland", "\\N", "Ελένη", "Unheard Of")  # fmt: skip
TITLES = ("Intro", "", "Army of Me", "Ágætis byrjun", None)
POSITIONS = (None, "A1", "B2", "2-07", "", "Disc 12, Side B, 001", "Disc 12, Side B, 0001")
TOO_LONG = "".join(Random(7).choices(string.ascii_letters + string.digits, k=9_000))
POISON = ("Stereo\0lab", "\ud800", float("nan"), float("inf"), float("-inf"))


@dataclass
class CaseCredit:
    """A track credit of a compilation."""

    artist_name: str
    title: str | None


@dataclass
class CaseRecord:
    """A library row; `last_answer` is LML's previous answer about it."""

    library_id: int
    artist_name: str
    cohort: Cohort
    credits: list[CaseCredit] = field(default_factory=list)
    last_answer: Json | None = None

    @property
    def candidate(self) -> Candidate:
        return Candidate(self.library_id, self.artist_name, "Moon Pix", 1, self.cohort)


class AdversarialCase:
    """Records, each with or without an identity, sources, credits and a recorded attempt."""

    def __init__(self, seed: int, size: int) -> None:
        self._random = Random(seed)
        self.records = [self._record(id) for id in range(1, size + 1)]

    def _record(self, library_id: int) -> CaseRecord:
        random = self._random
        credits: list[CaseCredit] = []
        if random.random() < 0.35:
            drawn = {
                (random.choice(NAMES), random.choice(TITLES)) for _ in range(random.randrange(9))
            }
            credits = [CaseCredit(*each) for each in sorted(drawn, key=repr)]
        lettered = random.random() < 0.1
        cohort = Cohort.VA if lettered or credits else Cohort.NON_VA
        return CaseRecord(library_id, random.choice(NAMES), cohort, credits)

    def insert_into(self, backend_db: BackendDb) -> None:
        backend_db.execute("set session_replication_role to replica")
        with backend_db.connection.transaction():
            for name in ARTISTS:
                backend_db.artist(name)
            for record in self.records:
                self._insert(backend_db, record)
        backend_db.execute("set session_replication_role to origin")
        backend_db.execute("analyze")

    def _insert(self, backend_db: BackendDb, record: CaseRecord) -> None:
        random = self._random
        backend_db.record(
            record.library_id,
            record.artist_name,
            letters="Z" if record.cohort is Cohort.VA and not record.credits else None,
            attempted_at=self._date() if random.random() < 0.3 else None,
        )
        for credit in record.credits:
            self._insert_credit(backend_db, record, credit)
        if random.random() < 0.6:
            record.last_answer = self._single(record, adversarial=False)
            self._insert_identity(backend_db, record, record.last_answer)

    def _insert_credit(self, backend_db: BackendDb, record: CaseRecord, credit: CaseCredit) -> None:
        random = self._random
        link = random.choice((None, None, "librarian", "lml_backfill"))
        backend_db.credit(
            record.library_id,
            credit.artist_name,
            credit.title,
            track_position=random.choice((None, None, "A1", "C3")),
            track_artist_id=random.randrange(1, len(ARTISTS) + 1) if link else None,
            track_artist_link_confidence=random.choice((None, 0.9)) if link else None,
            track_artist_link_method=link,
        )

    def _insert_identity(self, backend_db: BackendDb, record: CaseRecord, answer: Json) -> None:
        random = self._random
        kind = random.choice(("ours", "ours", "ours", "manual", "elsewhere", "sources only"))
        notes = NOTES_MARK if kind in ("ours", "sources only") else random.choice((None, "by hand"))
        date = self._date()
        if kind != "sources only":
            main = answer["main"]
            backend_db.identity(
                record.library_id,
                date,
                method="manual" if kind == "manual" else answer["method"],
                confidence=answer["confidence"],
                wikidata_qid=main["wikidata_qid"],
                spotify_id=main["spotify_artist_id"],
                apple_music_id=main["apple_music_artist_id"],
                notes=notes,
                discogs_release_id=random.choice((None, 4242)),
                agreement_sources=random.choice((None, "discogs")),
            )
        for each in answer["provenance"]:
            if each["confidence"] is not None and each["external_id"] is not None:
                backend_db.source(
                    record.library_id,
                    each["source"],
                    each["external_id"],
                    date,
                    method=each["method"],
                    confidence=each["confidence"],
                    notes=random.choice((notes, notes, NOTES_MARK, "by hand")),
                )

    def _date(self) -> datetime:
        return LONG_AGO + timedelta(days=self._random.uniform(0, 300))

    def answers(self) -> Iterator[tuple[CaseRecord, Json]]:
        """Yield one answer per record; about half of the identities are repeated unchanged."""
        for record in self.records:
            answer = self._answer(record)
            record.last_answer = answer if answer["kind"] == "single_artist" else record.last_answer
            yield record, answer

    def pages(self, size: int) -> Iterator[tuple[int | None, Sequence[tuple[CaseRecord, Json]]]]:
        """Yield pages of answers, each with its tracks_contract_version."""
        answers = self.answers()
        while page := list(islice(answers, size)):
            yield self._random.choice((1, 1, 1, 1, None, 2)), page

    def _answer(self, record: CaseRecord) -> Json:
        random = self._random
        if record.last_answer and random.random() < 0.5:
            repeated = deepcopy(record.last_answer)
            if random.random() < 0.3:
                self._change_sources(repeated["provenance"])
            return repeated
        kind = random.choices(("single", "compilation", "unresolved"), (5, 3, 2))[0]
        if kind == "single":
            answer = self._single(record, adversarial=random.random() < 0.3)
        elif kind == "compilation" or record.credits:
            answer = self._compilation(record)
        else:
            answer = no_identity(record.library_id, "unresolved")
        if random.random() < 0.01:
            answer["comment"] = {"nested": [random.choice(POISON)]}
        return answer

    def _single(self, record: CaseRecord, *, adversarial: bool) -> Json:
        random = self._random
        provenance = [
            entry(
                source,
                f"{source}:{random.randrange(4)}",
                method=random.choice(METHODS),
                confidence=random.choice(CONFIDENCES),
            )
            for source in random.sample(SOURCES, random.randrange(1, 5))
        ]
        answer = single(
            record.library_id,
            *provenance,
            method=random.choice(METHODS),
            confidence=random.choice(CONFIDENCES),
        )
        if adversarial:
            self._corrupt(answer)
        return answer

    def _change_sources(self, provenance: list[Json]) -> None:
        """Keep the decision but change its sources: one more, one fewer, or another id."""
        random = self._random
        match random.choice(("more", "less", "other")):
            case "more":
                provenance.append(entry(random.choice(SOURCES), "from nowhere"))
            case "less" if provenance:
                provenance.pop()
            case _ if provenance:
                provenance[0]["external_id"] = "another"
            case _:
                pass

    def _corrupt(self, answer: Json) -> None:
        random = self._random
        provenance: list[Json] = answer["provenance"]
        victim = random.choice(provenance)
        match random.randrange(14):
            case 0 | 1:
                provenance.append(victim | {"external_id": "said twice", "confidence": 0.5})
            case 2:
                provenance.append(victim | {"confidence": None})
            case 3 | 4:
                victim["confidence"] = None
            case 5:
                victim["external_id"] = None
            case 6:
                victim["confidence"] = random.choice((1.7, -0.1, "high", True, "0.5"))
            case 7:
                answer["confidence"] = random.choice((1.7, -0.1, "high", None, False, "0.5"))
            case 8:
                answer[random.choice(("method", "main"))] = None
            case 9:
                victim[random.choice(("external_id", "confidence", "source", "method"))] = (
                    random.choice(POISON)
                )
            case 10:
                answer[random.choice(("method", "confidence"))] = random.choice(POISON)
            case 11:
                victim["external_id"] = TOO_LONG
            case 12:
                victim[random.choice(("source", "method"))] = None
            case _:
                provenance.clear()

    def _compilation(self, record: CaseRecord) -> Json:
        random = self._random
        tracks = [self._track(each) for each in record.credits if random.random() < 0.9]
        tracks += [self._track(CaseCredit(random.choice(NAMES), "Never Pressed"))] * (
            random.random() < 0.2
        )
        for each in random.sample(tracks, len(tracks) // 4):
            tracks.append(each | self._repeat())
        random.shuffle(tracks)
        attempted = random.choice((True, True, False, None))
        return compilation(record.library_id, *tracks, attempted=attempted)

    def _track(self, credit: CaseCredit) -> Json:
        random = self._random
        found: Any = random.choice((credit.artist_name, credit.artist_name.upper(), None, "Nobody"))
        answer = track(
            credit.artist_name,
            credit.title,
            found,
            track_position=random.choice(POSITIONS),
            confidence=random.choice((*CONFIDENCES, None, 1.7, -0.1, True, "0.9")),
        )
        if random.random() < 0.04:
            answer[random.choice(sorted(answer))] = random.choice(POISON)
        return answer

    def _repeat(self) -> Json:
        random = self._random
        return {
            "track_position": random.choice(POSITIONS),
            "confidence": random.choice(CONFIDENCES),
            "resolved_artist_name": random.choice((*ARTISTS, None)),
        }
