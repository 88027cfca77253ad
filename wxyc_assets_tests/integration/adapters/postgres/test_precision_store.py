"""Samples and labels in the database: drawn by a seed, blind, and counted as people judged."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.precision_store import PrecisionStore
from wxyc_assets.adapters.postgres.verdict_store import VerdictStore
from wxyc_assets.domain.precision import StratumCount
from wxyc_assets.domain.review import ReviewCard
from wxyc_assets.domain.samples import LmlRules, SampledKind
from wxyc_assets.domain.verdict_file import NumberedVerdict
from wxyc_assets.domain.verdicts import Decision, RecordVerdict
from wxyc_assets.flows.precision import draw_sample, measure_newest
from wxyc_assets_tests.support.backend_db import BackendDb

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SIZES = {SampledKind.IDENTITY: 12, SampledKind.COVER: 3}
LML = LmlRules("1.46.0", "8a1344c")
URL = "https://i.discogs.com/R-{}.jpg"


@pytest.fixture
def library(opened: Database, backend_db: BackendDb) -> Database:
    """60 exact matches, 20 by trigram, 10 covers."""
    for number in range(1, 81):
        backend_db.record(number)
        method, confidence = ("exact_match", 0.9) if number <= 60 else ("trigram", 0.75)
        backend_db.identity(number, NOW, method=method, confidence=confidence)
        backend_db.source(number, "discogs", str(number), NOW)
        backend_db.source(number, "wikidata", f"Q{number}", NOW)
    for number in range(1, 11):
        backend_db.execute(
            "update library set artwork_url = %s where id = %s", URL.format(number), number
        )
    return opened


async def sample(library: Database, name: str = "s-1", seed: int = 1) -> list[ReviewCard]:
    return await draw_sample(library, name, seed=seed, sizes=SIZES, lml=LML)


async def label(
    library: Database, cards: list[ReviewCard], decision: Decision, sample_id: str | None = "s-1"
) -> None:
    said = [
        RecordVerdict(
            card.library_id,
            card.legacy_release_id,
            each.topic,
            each.value,
            decision,
            "jake",
            datetime.now(UTC),
            sample_id=sample_id,
        )
        for card in cards
        for each in card.candidates
    ]
    await VerdictStore(library).take_in([NumberedVerdict(2, each) for each in said])


async def counts(library: Database) -> dict[str, StratumCount]:
    found = await PrecisionStore(library).labels("s-1")
    return {each.stratum.method: each for each in found}


async def test_a_sample_holds_so_many_of_each_stratum(
    library: Database, backend_db: BackendDb
) -> None:
    cards = await sample(library)
    assert len(cards) == 15
    rows = backend_db.rows("select method, band, cohort from precision_unit")
    assert Counter((row["method"], row["band"], row["cohort"]) for row in rows) == {
        ("exact_match", "0.9", "non_va"): 7,
        ("trigram", "0.7", "non_va"): 5,
        ("other", "none", "non_va"): 3,
    }
    found = await counts(library)
    assert (found["exact_match"].population, found["trigram"].population) == (60, 20)
    assert found["exact_match"].claimed == pytest.approx(0.9)


async def test_the_seed_decides_which(library: Database) -> None:
    first, again = await sample(library), await sample(library, "s-2")
    other = await sample(library, "s-3", seed=2)

    def chosen(cards: list[ReviewCard]) -> set[tuple[int, int]]:
        return {(each.library_id, len(each.candidates)) for each in cards}

    assert chosen(first) == chosen(again) != chosen(other)


async def test_the_order_of_the_cards_tells_nothing_of_their_strata(
    library: Database, backend_db: BackendDb
) -> None:
    cards = [each for each in await sample(library) if len(each.candidates) == 2]
    ids = [each.library_id for each in cards]
    assert ids not in (sorted(ids), sorted(ids, reverse=True))


async def test_an_identity_is_wrong_when_one_of_its_ids_is(library: Database) -> None:
    cards = await sample(library)
    identities = [each for each in cards if len(each.candidates) == 2]
    wrong = next(each for each in identities if each.library_id <= 60)
    await label(library, identities, Decision.CONFIRM)
    found = await counts(library)
    labelled = found["exact_match"].labelled
    assert (found["exact_match"].right, found["trigram"].right) == (
        labelled,
        found["trigram"].labelled,
    )
    one_id = ReviewCard(wrong.library_id, wrong.legacy_release_id, "", "", wrong.candidates[:1])
    await label(library, [one_id], Decision.REJECT)
    found = await counts(library)
    assert (found["exact_match"].labelled, found["exact_match"].right) == (labelled, labelled - 1)


async def test_only_labels_of_the_sample_are_counted(library: Database) -> None:
    cards = await sample(library)
    await label(library, cards, Decision.CONFIRM, sample_id=None)
    assert sum(each.labelled for each in (await counts(library)).values()) == 0


async def test_an_undecided_unit_is_no_label(library: Database) -> None:
    await label(library, await sample(library), Decision.LATER)
    assert sum(each.labelled for each in (await counts(library)).values()) == 0


async def test_labels_are_measured_and_stored(library: Database) -> None:
    assert await measure_newest(library) is None
    cards = await sample(library)
    await label(library, cards, Decision.CONFIRM)
    found = await measure_newest(library)
    assert found is not None
    assert found.sample.lml == LML
    assert [each.kind for each in found.measured] == [SampledKind.IDENTITY, SampledKind.COVER]
    await PrecisionStore(library).put_estimates(found.sample.sample_id, found.measured)
    stored = await PrecisionStore(library).newest()
    assert [each.estimate for each in stored] == [each.overall for each in found.measured]
    assert stored[0].estimate.precision == 1
    assert stored[0].estimate.interval.low < 0.9
