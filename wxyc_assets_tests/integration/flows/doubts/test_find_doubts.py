"""Each doubt by its smallest case, over a real PostgreSQL."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.doubt_store import DoubtStore
from wxyc_assets.domain.coverage import CoverageRules
from wxyc_assets.domain.doubts import DoubtCount, DoubtReason, Doubts, Severity
from wxyc_assets.flows.doubts.find_doubts import find_doubts, preview_doubts
from wxyc_assets.flows.explain import explain
from wxyc_assets.views.explanation import sections
from wxyc_assets_tests.support.backend_db import BackendDb

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Shelf:
    """Records with identities and covers, made in a few words."""

    def __init__(self, backend_db: BackendDb) -> None:
        self.backend_db = backend_db
        self._records = 0

    def record(self, artist: str, title: str = "Moon Pix", *, namesake: bool = False) -> int:
        """Insert a record; artists of one name are one artist, but for a `namesake`."""
        self._records += 1
        self.backend_db.execute(
            "insert into artists (artist_name, alphabetical_name, code_letters) "
            "select %s, '', 'RO' where %s or not exists "
            "(select from artists where artist_name = %s)",
            artist,
            namesake,
            artist,
        )
        self.backend_db.execute(
            "insert into library (id, artist_id, artist_name, genre_id, format_id, album_title, "
            "code_number, legacy_release_id, add_date) "
            "select %s, max(id), %s, 11, 1, %s, 2, %s, '2005-08-01' from artists "
            "where artist_name = %s",
            self._records,
            artist,
            title,
            self._records + 50_000,
            artist,
        )
        return self._records

    def identity(self, library_id: int, /, *, by_hand: bool = False, **ids: str) -> int:
        """Insert the identity of a record with external ids by source."""
        by = {"method": "manual", "notes": "the music director"} if by_hand else {}
        columns = {"wikidata": "wikidata_qid", "spotify": "spotify_id"}
        known = {columns[source]: id for source, id in ids.items() if source in columns}
        self.backend_db.identity(library_id, NOW, **known, **by)
        for source, external_id in ids.items():
            self.backend_db.source(library_id, source, external_id, NOW)
        return library_id

    def identified(self, artist: str, /, **ids: Any) -> int:
        """Insert a record with an identity."""
        return self.identity(self.record(artist), **ids)

    def was(self, library_id: int, days_ago: int, **columns: str | None) -> None:
        """Insert an earlier identity of a record, and when it was replaced."""
        self.backend_db.execute(
            "insert into library_identity_history "
            "(library_id, wikidata_qid, spotify_id, superseded_at, superseded_reason) "
            "values (%s, %s, %s, %s, 'LML decided otherwise')",
            library_id,
            columns.get("wikidata"),
            columns.get("spotify"),
            NOW - timedelta(days=days_ago),
        )

    def cover(self, library_id: int, url: str, *results: dict[str, Any]) -> None:
        """Put a cover on a record, with the results of its lookup."""
        self.backend_db.execute(
            "update library set artwork_url = %s where id = %s", url, library_id
        )
        self.backend_db.execute(
            "insert into artwork_lookup (library_id, outcome, url, confidence, match, artist_name, "
            "album_title, legacy_release_id, looked_up_at, applied_at, run_id, answer, "
            "rules_version) "
            "select id, 'cover', %s, 1, 'careful', artist_name, album_title, legacy_release_id, "
            "now(), now(), 'a run', %s, 1 from library where id = %s",
            url,
            Jsonb({"results": results}),
            library_id,
        )

    def own_id(self, artist: str, discogs_artist_id: int) -> None:
        """Give an artist a Discogs id in the Backend."""
        self.backend_db.execute(
            "update artists set discogs_artist_id = %s where artist_name = %s",
            discogs_artist_id,
            artist,
        )

    def reasons(self) -> dict[int, set[str]]:
        """Return the reasons of the stored doubts, by record."""
        rows = self.backend_db.rows(
            "select library_id, array_agg(reason) as reasons from library_doubts group by 1"
        )
        return {row["library_id"]: {*row["reasons"]} for row in rows}

    def evidence(self, library_id: int) -> str:
        return self.backend_db.value(
            "select string_agg(evidence, ' | ' order by reason) from library_doubts "
            "where library_id = %s",
            library_id,
        )


@pytest.fixture
def shelf(backend_db: BackendDb) -> Shelf:
    return Shelf(backend_db)


async def find(database: Database, run_id: str = "a run") -> Doubts:
    return await find_doubts(DoubtStore(database, clock=lambda: NOW), run_id)


def result(shelf: Shelf, library_id: int, url: str, **artwork: Any) -> dict[str, Any]:
    """Return a result of a lookup about a record on the shelf."""
    row = shelf.backend_db.row(
        "select legacy_release_id as id, album_title as title, artist_name as artist "
        "from library where id = %s",
        library_id,
    )
    assert row
    found = {"album": row["title"], "release_id": 7, "master_id": 70, "artwork_url": url}
    return {"library_item": row, "artwork": found | artwork}


async def test_an_id_of_artists_with_other_names_is_doubted(opened: Database, shelf: Shelf) -> None:
    ours = shelf.identified("Cat Power", discogs="7", spotify="x")
    theirs = shelf.identified("Chan Marshall", discogs="7", spotify="y")
    shelf.identified("Juana Molina", discogs="8")
    await find(opened)
    reasons = {"shared_id", "contradicting_sources"}
    assert shelf.reasons() == {ours: reasons, theirs: reasons}
    assert 'its discogs artist 7 is also that of "chan marshall"' in shelf.evidence(ours)
    assert "discogs 7 comes with spotify x here, and with y elsewhere" in shelf.evidence(ours)


async def test_one_spelling_or_one_source_of_the_same_number_is_no_doubt(
    opened: Database, shelf: Shelf
) -> None:
    shelf.identified("Nilüfer Yanya", discogs="7")
    shelf.identified("Juana Molina", apple_music="7")
    await find(opened)
    assert shelf.reasons() == {}


async def test_a_shared_id_that_is_the_artists_own_is_not_doubted(
    opened: Database, shelf: Shelf
) -> None:
    shelf.identified("Cat Power", discogs="7")
    theirs = shelf.identified("Chan Marshall", discogs="7")
    shelf.own_id("Cat Power", 7)
    await find(opened)
    assert shelf.reasons() == {theirs: {"shared_id"}}


async def test_namesakes_that_share_an_id_are_doubted(opened: Database, shelf: Shelf) -> None:
    first = shelf.identified("Wire", discogs="7")
    second = shelf.identity(shelf.record("WIRE"), discogs="7")
    await find(opened)
    assert shelf.reasons() == {first: {"shared_name"}, second: {"shared_name"}}
    assert "2 artists of this name share discogs 7" in shelf.evidence(first)
    shelf.own_id("Wire", 7)
    await find(opened)
    assert shelf.reasons() == {second: {"shared_name"}}


async def test_another_id_than_the_artists_own_is_doubted(opened: Database, shelf: Shelf) -> None:
    wrong = shelf.identified("Cat Power", discogs="7")
    shelf.identified("Juana Molina", discogs="9", spotify="x")
    shelf.own_id("Cat Power", 8)
    shelf.own_id("Juana Molina", 9)
    await find(opened)
    assert shelf.reasons() == {wrong: {"other_own_id"}}
    assert shelf.evidence(wrong) == "its discogs artist is 7, the artist's own is 8"


async def test_the_story_of_a_record_tells_its_doubts(opened: Database, shelf: Shelf) -> None:
    wrong = shelf.identified("Cat Power", discogs="7")
    shelf.own_id("Cat Power", 8)
    await find(opened)
    story = await explain(opened, wrong, CoverageRules(), [])
    assert "the artist's own is 8" in dict(sections(story))["Doubts"][0]


async def test_sources_that_were_given_together_with_others_are_doubted(
    opened: Database, shelf: Shelf
) -> None:
    earlier = shelf.identified("Cat Power", wikidata="Q1", spotify="new")
    shelf.was(earlier, 3, wikidata="Q1", spotify="old")
    answered = shelf.identified("Juana Molina", discogs="7", spotify="kept")
    provenance = [
        {"source": "discogs", "external_id": "7", "confidence": 1},
        {"source": "spotify", "external_id": "answered", "confidence": None},
    ]
    shelf.backend_db.execute(
        "insert into lml_resolution (library_id, cohort, artist_name, kind, answer, answered_at, "
        "run_id, rules_version) "
        "values (%s, 'non_va', 'Juana Molina', 'single_artist', %s, now(), 'a run', 1)",
        answered,
        Jsonb({"provenance": provenance}),
    )
    await find(opened)
    reasons = {"contradicting_sources"}
    assert shelf.reasons() == {earlier: reasons, answered: reasons}
    assert "wikidata Q1 comes with spotify new here, and with old" in shelf.evidence(earlier)


async def test_an_identity_that_became_somebody_else_twice_is_doubted(
    opened: Database, shelf: Shelf
) -> None:
    once = shelf.identified("Cat Power", wikidata="Q3")
    shelf.was(once, 9, wikidata="Q1")
    twice = shelf.identified("Juana Molina", wikidata="Q6")
    shelf.was(twice, 9, wikidata="Q4")
    shelf.was(twice, 2, wikidata="Q5", spotify="x")
    same = shelf.identified("Stereolab", wikidata="Q7", spotify="y")
    shelf.was(same, 9, wikidata="Q7")
    shelf.was(same, 2, wikidata="Q7", spotify="y")
    await find(opened)
    assert shelf.reasons() == {twice: {"changed_mind"}}
    assert shelf.evidence(twice) == (
        "it became somebody else's 2 times, the last time on 2026-04-29"
    )


async def test_a_persons_identity_is_not_doubted(opened: Database, shelf: Shelf) -> None:
    shelf.identified("Cat Power", by_hand=True, discogs="7")
    theirs = shelf.identified("Chan Marshall", discogs="7")
    shelf.own_id("Cat Power", 8)
    await find(opened)
    assert shelf.reasons() == {theirs: {"shared_id"}}


async def test_one_cover_on_other_albums_is_doubted(opened: Database, shelf: Shelf) -> None:
    ours, theirs = shelf.record("Cat Power"), shelf.record("Cat Power", "You Are Free")
    formats = [shelf.record("Stereolab", "Dots and Loops") for _ in range(2)]
    for each in (ours, theirs):
        shelf.cover(each, "https://x/one", result(shelf, each, "https://x/one"))
    for each in formats:
        shelf.cover(each, "https://x/two", result(shelf, each, "https://x/two"))
    await find(opened)
    assert shelf.reasons() == {ours: {"shared_cover"}, theirs: {"shared_cover"}}
    assert shelf.evidence(ours) == 'its cover is also on "cat power - you are free"'


async def test_a_cover_that_a_person_confirmed_is_not_doubted(
    opened: Database, shelf: Shelf
) -> None:
    ours, theirs = shelf.record("Cat Power"), shelf.record("Cat Power", "You Are Free")
    for each in (ours, theirs):
        shelf.cover(each, "https://x/one", result(shelf, each, "https://x/one"))
    shelf.backend_db.execute(
        "insert into verdict (library_id, legacy_release_id, topic, value, decision, decided_by, "
        "decided_at) values (%s, %s, 'cover', 'https://x/one', 'confirm', 'Ada', now())",
        ours,
        ours + 50_000,
    )
    await find(opened)
    assert shelf.reasons() == {theirs: {"shared_cover"}}


async def test_a_cover_of_an_album_with_another_title_is_doubted(
    opened: Database, shelf: Shelf
) -> None:
    far, edition = shelf.record("Cat Power"), shelf.record("Stereolab", "Dots and Loops")
    other = "Moon Pix and Other Stories, the Complete Sessions"
    shelf.cover(far, "https://x/1", result(shelf, far, "https://x/1", album=other))
    known = result(shelf, edition, "https://x/2", album="Dots and Loops [Expanded]")
    shelf.cover(edition, "https://x/2", known)
    await find(opened)
    assert shelf.reasons() == {far: {"other_title"}}
    assert shelf.evidence(far) == f'its cover is that of "{other}"'


async def test_a_release_of_another_master_than_another_formats_is_doubted(
    opened: Database, shelf: Shelf
) -> None:
    wrong, right = (shelf.record("Cat Power") for _ in range(2))
    alone = shelf.record("Stereolab", "Dots and Loops")
    theirs = result(shelf, right, "https://x/r", release_id=8, master_id=80)
    shelf.cover(wrong, "https://x/w", theirs, result(shelf, wrong, "https://x/w"))
    shelf.cover(alone, "https://x/a", result(shelf, alone, "https://x/a", master_id=5))
    await find(opened)
    assert shelf.reasons() == {wrong: {"other_release"}}
    assert "release 7 of master 70; another format of the album is of master 80" in (
        shelf.evidence(wrong)
    )


async def test_doubts_that_are_settled_go_and_the_others_keep_their_date(
    opened: Database, shelf: Shelf
) -> None:
    settled, stays = (
        shelf.identified("Cat Power", discogs="7"),
        shelf.identified("Wire", discogs="1"),
    )
    shelf.own_id("Cat Power", 8)
    shelf.own_id("Wire", 2)
    await find(opened, "first")
    shelf.own_id("Cat Power", 7)
    tomorrow = NOW + timedelta(days=1)
    await find_doubts(DoubtStore(opened, clock=lambda: tomorrow), "second")
    assert shelf.reasons() == {stays: {"other_own_id"}}
    row = shelf.backend_db.row("select found_at, run_id from library_doubts")
    assert row == {"found_at": NOW, "run_id": "second"}
    assert settled not in shelf.reasons()


async def test_the_doubts_of_a_record_go_with_it(opened: Database, shelf: Shelf) -> None:
    deleted, stays = (shelf.identified(each, discogs="7") for each in ("Cat Power", "Wire"))
    shelf.own_id("Wire", 8)
    await find(opened, "first")
    assert shelf.reasons() == {deleted: {"shared_id"}, stays: {"shared_id", "other_own_id"}}
    shelf.backend_db.execute("delete from library_identity_source where library_id = %s", deleted)
    shelf.backend_db.execute("delete from library_identity where library_id = %s", deleted)
    shelf.backend_db.execute("delete from library where id = %s", deleted)
    found = await find(opened, "second")
    assert shelf.reasons() == {stays: {"other_own_id"}}
    assert [each.library_id for each in found.most_played] == [stays]


async def test_the_counts_are_kept_by_run_and_plays_are_shown(
    opened: Database, shelf: Shelf
) -> None:
    rare, played = shelf.identified("Cat Power", discogs="7"), shelf.identified("Wire", discogs="1")
    shelf.own_id("Cat Power", 8)
    await find(opened, "first")
    shelf.own_id("Wire", 2)
    shelf.backend_db.execute(
        "insert into flowsheet (album_id, play_order) select %s, n from generate_series(1, 3) n",
        played,
    )
    shelf.backend_db.execute("refresh materialized view album_plays")
    store = DoubtStore(opened, clock=lambda: NOW + timedelta(days=1))
    found = await find_doubts(store, "second")
    assert found.counts[DoubtReason.OTHER_OWN_ID] == DoubtCount(DoubtReason.OTHER_OWN_ID, 2, 2)
    assert found.before[DoubtReason.OTHER_OWN_ID] == DoubtCount(DoubtReason.OTHER_OWN_ID, 1, 2)
    assert (found.doubtful_records, found.plays_are_known) == (2, True)
    assert [(each.library_id, each.plays) for each in found.most_played] == [(played, 3), (rare, 0)]
    assert found.most_played[0].severity is Severity.HIGH


async def test_without_the_view_plays_are_unknown(opened: Database, shelf: Shelf) -> None:
    shelf.identified("Cat Power", discogs="7")
    shelf.own_id("Cat Power", 8)
    shelf.backend_db.execute("drop materialized view album_plays")
    found = await find(opened)
    assert not found.plays_are_known
    assert [each.plays for each in found.most_played] == [None]


async def test_a_preview_counts_and_stores_nothing(opened: Database, shelf: Shelf) -> None:
    shelf.identified("Cat Power", discogs="7")
    shelf.own_id("Cat Power", 8)
    counted = await preview_doubts(DoubtStore(opened), "a run")
    assert counted == {each: int(each is DoubtReason.OTHER_OWN_ID) for each in DoubtReason}
    assert shelf.reasons() == {}
    assert await DoubtStore(opened).newest(1) is None
