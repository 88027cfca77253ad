"""The records to review: the gravest doubts about the most played first, decided ones left out."""

from datetime import UTC, datetime

import pytest

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.review_store import ReviewStore
from wxyc_assets.adapters.postgres.verdict_store import VerdictStore
from wxyc_assets.domain.verdict_file import NumberedVerdict, read_verdicts
from wxyc_assets.domain.verdicts import Decision, RecordVerdict, Topic
from wxyc_assets.views.review_sheet import sheet
from wxyc_assets_tests.support.backend_db import BackendDb

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
URL = "https://i.discogs.com/R-1.jpg"


@pytest.fixture
def doubted(opened: Database, backend_db: BackendDb) -> Database:
    """Record 1: low, 10 plays. Record 2: high, 9 plays. Record 3: a cover. Record 4: no doubt."""
    for number in range(1, 5):
        backend_db.record(number, "=Cat Power")
        backend_db.identity(number, NOW)
        backend_db.source(number, "discogs", str(number), NOW)
        backend_db.execute("update library set artwork_url = %s where id = %s", URL, number)
    for number, reason, severity, plays in (
        (1, "shared_name", "low", 10),
        (2, "other_own_id", "high", 9),
        (3, "other_title", "high", None),
    ):
        backend_db.execute(
            "insert into library_doubts values (%s, %s, %s, 'because', %s, now(), 'a run')",
            number,
            reason,
            severity,
            plays,
        )
    return opened


async def test_the_gravest_doubts_about_the_most_played_come_first(doubted: Database) -> None:
    cards = await ReviewStore(doubted).most_doubtful(10)
    assert [each.library_id for each in cards] == [2, 1, 3]
    assert [[one.topic for one in each.candidates] for each in cards] == [
        [Topic.DISCOGS],
        [Topic.DISCOGS],
        [Topic.COVER],
    ]
    assert [each.plays for each in cards] == [9, 10, None]
    assert [each.library_id for each in await ReviewStore(doubted).most_doubtful(1)] == [2]


async def test_what_a_person_decided_is_left_out(doubted: Database) -> None:
    for number, decision in ((2, Decision.CONFIRM), (1, Decision.LATER)):
        said = RecordVerdict(number, None, Topic.DISCOGS, str(number), decision, "jake", NOW)
        await VerdictStore(doubted).take_in([NumberedVerdict(2, said)])
    cards = await ReviewStore(doubted).most_doubtful(10)
    assert [each.library_id for each in cards] == [1, 3]


async def test_a_sheet_that_is_filled_in_is_a_verdict_file(doubted: Database) -> None:
    text = sheet(await ReviewStore(doubted).most_doubtful(10))
    assert "'=Cat Power" in text
    filled = text.replace(f"cover,{URL},,", f"cover,{URL},reject,")
    (found,) = read_verdicts(filled, now=NOW, decided_by="juana")
    assert (found.verdict.library_id, found.verdict.decision) == (3, Decision.REJECT)
