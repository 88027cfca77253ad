"""Doubts against the sandbox's truth: the planted errors that they find, and false alarms.

"At most 1 false alarm in 20 true records listed" can be read in two ways. Taken here: of 20 records
that are right, at most one is listed. The other one, 19 of 20 listed records are wrong, is out of
reach of any comparison: when two artists have one id, both are listed, and one of them is right.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import psycopg
import pytest

from wxyc_assets.adapters.postgres.doubt_store import DoubtStore
from wxyc_assets.domain.doubts import SIMILAR_TITLES, DoubtReason, DoubtSubject, likeness
from wxyc_assets.flows.doubts.find_doubts import find_doubts
from wxyc_assets_tests.integration.flows.station import opening
from wxyc_assets_tests.support.judged_library import make_judged_library
from wxyc_sandbox.library import SandboxLibrary
from wxyc_sandbox.lml.catalogue import Catalogue
from wxyc_sandbox.lml.identities import identify
from wxyc_sandbox.lml.lookup_results import EDITIONS
from wxyc_sandbox.lml.mistakes import Mistakes, similar_title
from wxyc_sandbox.lml.seeded_random import SeededRandom, fold
from wxyc_sandbox.postgres import Postgres
from wxyc_sandbox.truth import CoverError, IdentityError, Truth

LIBRARY = SandboxLibrary(0.1, mistakes=1.0)
GENERATIONS = 3
"""LML changes its mind twice."""
FOUND, LISTED = 0.8, 0.05
OPTIONS = "-c search_path=wxyc_assets,wxyc_schema"
OWN_IDS = """
    select l.id from library l join artists a on a.id = l.artist_id
    where exists (
        select from library_identity_source s
        where s.library_id = l.id
        and to_jsonb(a) ->> case s.source
            when 'wikidata' then 'wikidata_qid'
            when 'bandcamp' then 'bandcamp_id'
            else s.source || '_artist_id'
        end is not null
    )
"""


@dataclass(frozen=True)
class Judged:
    """The truth about each record, and the records that are listed."""

    identities: Mapping[int, IdentityError | None]
    covers: Mapping[int, CoverError | None]
    changed: frozenset[int]
    """Records about which LML changed its mind twice."""
    with_own_id: frozenset[int]
    """Records whose artist has an own id in a source that LML gave."""
    listed: Mapping[DoubtSubject, frozenset[int]]

    @cached_property
    def planted(self) -> dict[str, frozenset[int]]:
        """Wrong identities and covers of the kinds that doubts name."""
        wrong = {kind: self._wrong(kind) for kind in IdentityError}
        return {
            "an id of artists with other names": wrong[IdentityError.OTHER_ARTIST],
            "namesakes that share an id": wrong[IdentityError.NAMESAKE],
            "sources that contradict each other": wrong[IdentityError.ONE_SOURCE],
            "another id than the artist's own": wrong[IdentityError.STRANGER] & self.with_own_id,
            "an identity that changed twice": wrong[IdentityError.STRANGER] & self.changed,
        }

    def _wrong(self, kind: IdentityError) -> frozenset[int]:
        return frozenset(id for id, error in self.identities.items() if error is kind)


@pytest.fixture(scope="module")
def judged(postgres: Postgres) -> Judged:
    """A tenth of the library, asked about in three generations, and searched for doubts."""
    postgres.create_database("judged")
    url = postgres.url("judged")
    asyncio.run(_ask_and_find(url))
    with psycopg.connect(url, options=OPTIONS) as connection:
        truth = Truth(LIBRARY)
        doubts = connection.execute("select library_id, reason from library_doubts").fetchall()
        return Judged(
            truth.identity_errors(connection),
            truth.cover_errors(connection),
            changed=frozenset(_changed_twice()),
            with_own_id=_ids(connection.execute(OWN_IDS)),
            listed={
                subject: frozenset(
                    id for id, reason in doubts if DoubtReason(reason).subject is subject
                )
                for subject in DoubtSubject
            },
        )


async def _ask_and_find(url: str) -> None:
    await make_judged_library(url, LIBRARY, GENERATIONS)
    async with opening(url) as database:
        await find_doubts(DoubtStore(database), "a run")


def _changed_twice() -> Iterator[int]:
    """Yield the records to whose artists LML gave other ids in each generation."""
    mistakes = Mistakes(LIBRARY.seed, LIBRARY.mistakes, Catalogue(LIBRARY.catalogue()))
    for record in LIBRARY.generator.records():
        artist = fold(LIBRARY.generator.artist_names[record.artist_id - 1])
        answers = [identify(artist, mistakes, generation=each) for each in range(GENERATIONS)]
        known = [{*each["main"].values()} - {None} for each in answers if each]
        if len(known) == GENERATIONS and not any(a & b for a, b in pairwise(known)):
            yield record.id


def _ids(rows: psycopg.Cursor) -> frozenset[int]:
    return frozenset(id for (id,) in rows)


def test_four_in_five_wrong_identities_are_found(judged: Judged) -> None:
    listed = judged.listed[DoubtSubject.IDENTITY]
    for kind, planted in judged.planted.items():
        assert len(planted) > 20, kind
        assert len(planted & listed) >= FOUND * len(planted), kind


def test_four_in_five_wrong_covers_are_found(judged: Judged) -> None:
    listed = judged.listed[DoubtSubject.COVER]
    for kind in (CoverError.OTHER_ALBUM, CoverError.SIMILAR_TITLE, CoverError.OTHER_EDITION):
        planted = {id for id, error in judged.covers.items() if error is kind}
        assert planted, kind
        assert len(planted & listed) >= FOUND * len(planted), kind


def test_at_most_one_true_record_in_20_is_listed(judged: Judged) -> None:
    for subject, errors in (
        (DoubtSubject.IDENTITY, judged.identities),
        (DoubtSubject.COVER, judged.covers),
    ):
        right = {id for id, error in errors.items() if error is None}
        assert len(right) > 1_000
        assert len(right & judged.listed[subject]) <= LISTED * len(right), subject


def test_the_threshold_tells_other_albums_from_other_editions() -> None:
    far, near = 0, 0
    titles = [title for _, _, title in LIBRARY.catalogue()]
    for number, title in enumerate(titles):
        random = SeededRandom(number)
        near += likeness(title, title + random.pick(EDITIONS)) < SIMILAR_TITLES
        far += likeness(title, similar_title(title, random)) < SIMILAR_TITLES
    assert far > 0.99 * len(titles)
    assert near < 0.001 * len(titles)
