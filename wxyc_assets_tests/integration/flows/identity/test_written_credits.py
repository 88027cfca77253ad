"""Credits: the lines of "What is written, and when" about the tracks of a compilation."""

from typing import Any

import pytest

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets_tests.support.answers import (
    Json,
    compilation,
    total,
    track,
)
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.writer_harness import VA, WriterHarness


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
