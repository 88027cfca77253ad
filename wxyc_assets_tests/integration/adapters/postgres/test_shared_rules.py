"""The rules that stand once, as SQL functions of our schema."""

from datetime import UTC, datetime

import pytest

from wxyc_assets.adapters.postgres.artwork_store import ArtworkStore
from wxyc_assets.adapters.postgres.coverage_store import CoverageStore
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.artwork import CoverScope, Eligibility
from wxyc_assets.domain.candidates import Cohort
from wxyc_assets.domain.coverage import CoverageRules
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import album, put

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("has_credits", [True, False])
@pytest.mark.parametrize("letters", [None, "", "A", "Z", "ZA", "z", "AZ", " Z"])
def test_a_record_is_in_the_compilation_cohort_by_its_letters_or_its_credits(
    backend_db: BackendDb, letters: str | None, has_credits: bool
) -> None:
    cohort = backend_db.value("select library_cohort(%s, %s)", letters, has_credits)
    is_va = (letters or "").startswith("Z") or has_credits
    assert cohort == (Cohort.VA if is_va else Cohort.NON_VA)


@pytest.mark.parametrize("eligibility", Eligibility)
async def test_coverage_and_artwork_agree_on_who_wants_a_cover(
    opened: Database, backend_db: BackendDb, eligibility: Eligibility
) -> None:
    put(backend_db, album(1))
    put(backend_db, album(2), album(3), album(4), album(5), discogs_artist_id=None)
    put(backend_db, album(6), discogs_unavailable=True)
    for library_id, source in ((2, "discogs"), (3, "wikidata")):
        backend_db.source(library_id, source, "1", NOW)
    backend_db.execute("update library set album_title = ' ' where id = 4")
    covers = CoverScope(eligibility=eligibility)
    artwork = ArtworkStore(opened, covers, clock=lambda: NOW)
    everything = IdRange(1, 100)
    coverage = CoverageStore(opened, clock=lambda: NOW)
    counted = await coverage.count(CoverageRules(covers=covers), [everything])
    unknown = [
        each.library_rows
        for each in counted
        if (each.dimension, each.value) == ("all", "cover_unknown")
    ]
    wanted = await artwork.wanted(everything)
    assert [len(wanted.due)] == unknown == [(await artwork.covered(everything)).albums]


@pytest.mark.parametrize(
    "call",
    [
        "library_cohort(l.code_volume_letters, exists (select from artists a where a.id = l.id))",
        "unidentified_at(l.artwork_url, l.artist_name, l.unresolved_attempted_at, l.date_lost)",
        "wants_cover('all', l.artist_name, l.album_title, l.artist_id, l.discogs_unavailable, "
        "exists (select from artists a where a.id = l.id))",
        "lookup_counts(l.artwork_url, l.plays, l.artist_name, 'careful', 0.8)",
        "lookup_state(l.artwork_url, l.unresolved_attempted_at, l.unresolved_attempted_at, "
        "l.artist_name, l.date_lost, now() - interval '1 day')",
        "value_fingerprint(l.artwork_url)",
        "source_fingerprint(l.label, l.label, l.label, l.canonical_entity_confidence, l.date_lost, "
        "l.label, l.label)",
        "credit_fingerprint(l.id, l.canonical_entity_confidence, l.label, l.label)",
    ],
    ids=lambda call: call.partition("(")[0],
)
def test_the_planner_inlines_it(backend_db: BackendDb, call: str) -> None:
    name = call.partition("(")[0]
    plan = backend_db.rows(f"explain (verbose) select {call} from library l")  # pyright: ignore
    assert name not in " ".join(each["QUERY PLAN"] for each in plan)
