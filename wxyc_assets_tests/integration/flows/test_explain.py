"""The explanation of a record follows what was done with it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.domain.artwork import CoverScope, Eligibility, Rules
from wxyc_assets.domain.candidates import NotDue, Reason, Scope
from wxyc_assets.domain.coverage import CoverageRules
from wxyc_assets.domain.explanation import CoverStep, Explanation
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.artwork.replay import apply_replay
from wxyc_assets.flows.explain import NoSuchRecord, explain
from wxyc_assets.views.explanation import sections
from wxyc_assets_tests.integration.flows.station import WIDE, IdentityHarness, opening
from wxyc_assets_tests.support.backend_db import BackendDb
from wxyc_assets_tests.support.covers import album, numbers, pretend, put, run_artwork

RULES = CoverageRules(Scope(include_null_canonical=True), CoverScope(Eligibility.DISCOGS_ARTIST))
RANGES = [IdRange(1, 1000)]


def told(explanation: Explanation) -> dict[str, str]:
    return {heading: "\n".join(sentences) for heading, sentences in sections(explanation)}


async def test_before_any_run_a_record_was_not_looked_at(station: IdentityHarness) -> None:
    async with opening(station.url) as database:
        story = await explain(database, 1, RULES, RANGES)
    assert (story.due_now, story.not_due_because) == (Reason.NEVER_RESOLVED, None)
    assert told(story)["Identity"] == told(story)["Cover"] == "Not looked at yet."


async def test_after_a_run_it_says_when_lml_is_asked_again(station: IdentityHarness) -> None:
    await station.run(WIDE)
    fresh = station.backend_db.value("select min(library_id) from library_identity")
    verified_at = station.backend_db.value(
        "select last_verified_at from library_identity where library_id = %s", fresh
    )
    async with opening(station.url) as database:
        story = await explain(database, fresh, RULES, RANGES)
    assert story.not_due_because is NotDue.FRESH
    assert story.due_at == verified_at + timedelta(days=7, microseconds=1)
    assert "Found by" in told(story)["Identity"]
    assert told(story)["What happened"].count("\n") == 2  # due, answered, written
    assert story.due_at
    assert story.as_json()["due_at"] == story.due_at.isoformat()


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        ("cover", CoverStep.NONE),
        ("not_direct", CoverStep.WAIT),
        ("unknown", CoverStep.LOOK_UP),
    ],
)
async def test_the_next_step_of_a_cover_is_that_of_the_next_run(
    opened: Database, backend_db: BackendDb, kind: str, step: CoverStep
) -> None:
    wanted = album(1, numbers()[kind][0])
    put(backend_db, wanted)
    before = await explain(opened, 1, RULES, RANGES)
    assert before.cover_step is CoverStep.LOOK_UP
    await run_artwork(opened, pretend(wanted))
    after = await explain(opened, 1, RULES, RANGES)
    assert after.cover_step is step
    assert (after.cover_due_at is not None) == (step is CoverStep.WAIT)


async def test_a_cover_that_nobody_wants_is_not_looked_up(
    opened: Database, backend_db: BackendDb
) -> None:
    put(backend_db, album(1), discogs_artist_id=None)
    assert (await explain(opened, 1, RULES, RANGES)).cover_step is CoverStep.NOT_WANTED


async def test_a_lookup_under_other_names_does_not_count(
    opened: Database, backend_db: BackendDb
) -> None:
    wanted = album(1, numbers()["not_direct"][0])
    put(backend_db, wanted)
    await run_artwork(opened, pretend(wanted))
    backend_db.execute("update library set album_title = 'Another' where id = 1")
    assert (await explain(opened, 1, RULES, RANGES)).cover_step is CoverStep.LOOK_UP


async def test_a_completed_range_was_looked_at(opened: Database, backend_db: BackendDb) -> None:
    backend_db.record(1, canonical=False)
    completed_at = datetime(2026, 5, 1, tzinfo=UTC)
    backend_db.execute(
        "insert into library_range_run values ('identity', 1, 1000, 'run', false, %s)", completed_at
    )
    narrow = CoverageRules()
    story = await explain(opened, 1, narrow, RANGES)
    assert story.not_due_because is NotDue.NO_CANONICAL_ENTITY
    assert "when its range was last completed, 2026-05-01 00:00 UTC" in told(story)["Identity"]


async def test_an_unknown_record_is_named(opened: Database) -> None:
    with pytest.raises(NoSuchRecord, match="no record 9999999"):
        await explain(opened, 9_999_999, RULES, RANGES)


async def test_every_decision_on_a_cover_is_told_in_the_order_of_time(
    opened: Database, backend_db: BackendDb
) -> None:
    wanted = album(1, numbers()["below_floor"][0])
    put(backend_db, wanted)
    await run_artwork(opened, pretend(wanted))
    low = CoverScope(rules=Rules(min_confidence=0.1))
    assert (await explain(opened, 1, RULES, RANGES)).cover_step is CoverStep.WAIT
    story = await explain(opened, 1, replace(RULES, covers=low), RANGES)
    assert story.cover_step is CoverStep.DECIDE
    await apply_replay(opened, low, RANGES, "a replay")
    happened = told(await explain(opened, 1, RULES, RANGES))["What happened"].splitlines()
    said = [line.partition("UTC  ")[2] for line in happened]
    below = "LML is not sure enough of the release (ARTWORK_MIN_CONFIDENCE)"
    assert said == [
        "its cover was looked up (run a run)",
        f"its cover was decided on: {below} (version 1 of the rules, careful, floor 0.8) "
        "(run a run)",
        "its cover was decided on again: a cover was found (version 1 of the rules, careful, "
        "floor 0.1) (run a replay)",
        "its cover was written (run a replay)",
    ]


async def test_an_answer_that_changes_is_kept_on_record(station: IdentityHarness) -> None:
    await station.run(WIDE)
    changed, same = (
        row["library_id"]
        for row in station.backend_db.rows(
            "select library_id from lml_resolution where kind = 'single_artist' "
            "order by library_id limit 2"
        )
    )
    station.backend_db.execute(
        "update lml_resolution set answered_at = answered_at - interval '9 days', "
        """answer = case library_id when %s then jsonb_set(answer, '{method}', '"llm"') """
        "else answer end where library_id in (%s, %s)",
        changed,
        changed,
        same,
    )
    station.backend_db.execute("delete from superseded_decision")
    station.backend_db.execute("update lml_resolution set ask_again_at = now()")
    await station.run(WIDE)
    rows = station.backend_db.rows("select library_id, decision, words from superseded_decision")
    assert [row["library_id"] for row in rows] == [changed]
    assert rows[0]["decision"] == "single_artist"
    assert (rows[0]["words"]["method"], "tracks" in rows[0]["words"]) == ("llm", False)
    async with opening(station.url) as database:
        story = await explain(database, changed, RULES, RANGES)
    assert "LML answered: one artist, by llm" in told(story)["What happened"]
