"""Answers that are not written, and answers that newer rules apply once more."""

from datetime import datetime, timedelta

import pytest

from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.domain.answers import RULES_VERSION
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.flows.identity.apply_answers import AnswerWriter, ApplyResult
from wxyc_assets_tests.support.answers import (
    EVERYTHING,
    apply,
    candidate,
    compilation,
    single,
    store,
    unresolved,
)
from wxyc_assets_tests.support.writer_harness import (
    DISCOGS,
    LATER,
    NARROW,
    NOW,
    VA,
    WIDE,
    WIKIDATA,
    WriterHarness,
)


async def test_what_postgres_cannot_hold_is_kept_escaped_and_the_row_stays_due(
    harness: WriterHarness,
) -> None:
    applied = await harness.hear(single(1, DISCOGS, method="exact\0match"), scope=WIDE)
    assert applied.write_errors.keys() == {1}
    assert "column unstorable" in applied.write_errors[1]
    assert harness.resolution["unstorable"] == {"method": r"'exact\x00match'"}
    assert (harness.identity, harness.stamp) == (None, None)
    assert await is_due(harness, WIDE)


async def test_a_write_that_failed_leaves_the_row_due_and_is_not_asked_again_at_once(
    harness: WriterHarness,
) -> None:
    await harness.hear(single(1, DISCOGS, confidence=1.7))
    assert await is_due(harness, NARROW)
    assert harness.stamp is None
    library = IdentityStore(harness.database, clock=lambda: NOW)
    await library.put_candidates(EVERYTHING, NARROW, "x")
    assert await library.unanswered(EVERYTHING, NARROW) == []
    month_later = IdentityStore(harness.database, clock=lambda: NOW + timedelta(days=30))
    await month_later.put_candidates(EVERYTHING, NARROW, "x")
    assert len(await month_later.unanswered(EVERYTHING, NARROW)) == 1


async def test_a_refusal_writes_nothing_and_rests(harness: WriterHarness) -> None:
    library = IdentityStore(harness.database, clock=lambda: NOW)
    await library.store_refusals({candidate(1): "HTTP 422 \0"}, "x")
    applied = await apply(harness.database, NOW, WIDE, EVERYTHING)
    assert applied.answers == []
    assert harness.resolution["refusal"] == "HTTP 422 \\x00"
    assert (harness.identity, harness.stamp) == (None, None)
    assert not await is_due(harness, WIDE)
    assert await is_due(harness, WIDE, at=NOW + timedelta(days=30))


@pytest.mark.parametrize("change", ["rename", "delete"])
async def test_an_answer_about_a_record_that_changed_meanwhile_is_not_written(
    harness: WriterHarness, change: str
) -> None:
    await store(harness.database, NOW, [candidate(1)], [single(1, DISCOGS)])
    if change == "rename":
        harness.backend_db.execute("update library set artist_name = 'Chan Marshall'")
    else:
        harness.backend_db.execute("delete from library")
    applied = await apply(harness.database, NOW, WIDE, EVERYTHING)
    assert (applied.answers, applied.write_errors) == ([], {})
    assert harness.identity is None


async def test_a_record_renamed_after_its_answer_was_read_gets_no_identity(
    harness: WriterHarness,
) -> None:
    await store(harness.database, NOW, [candidate(1)], [single(1, DISCOGS)])
    library = IdentityStore(harness.database)
    waiting = await library.unapplied(EVERYTHING, NARROW)
    harness.backend_db.execute("update library set artist_name = 'Chan Marshall'")
    await library.apply(waiting, NARROW, "test")
    assert (len(waiting), harness.identity, harness.sources) == (1, None, {})


async def test_the_librarys_watermark_is_never_moved(harness: WriterHarness) -> None:
    statement = "select last_modified_at from library_watermark"
    before = harness.backend_db.value(statement)
    await harness.hear(unresolved(1), scope=WIDE)
    await harness.hear(compilation(1), scope=WIDE, cohort=VA, at=LATER)
    assert harness.stamp == LATER
    assert harness.backend_db.value(statement) == before


async def is_due(harness: WriterHarness, scope: Scope, at: datetime = NOW) -> bool:
    due = await IdentityStore(harness.database, clock=lambda: at).due(EVERYTHING, scope)
    return [each.candidate.library_id for each in due] == [1]


async def newer_rules(harness: WriterHarness) -> ApplyResult:
    """Apply what is stored by the next version of the rules."""
    store_ = IdentityStore(harness.database, clock=lambda: LATER, rules_version=RULES_VERSION + 1)
    return await AnswerWriter(store_, NARROW, "newer rules").apply(EVERYTHING)


async def test_newer_rules_apply_stored_answers_once_more(harness: WriterHarness) -> None:
    await harness.hear(single(1, DISCOGS))
    harness.backend_db.execute("update library_identity set wikidata_qid = 'Q1'")  # by older rules
    assert not (await apply(harness.database, LATER, NARROW, EVERYTHING)).answers
    assert [each.library_id for each in (await newer_rules(harness)).answers] == [1]
    identity = harness.identity
    assert identity is not None
    assert (identity["wikidata_qid"], identity["last_verified_at"]) == (None, NOW)
    assert harness.resolution["rules_version"] == RULES_VERSION + 1
    before = harness.backend_db.versions()
    assert not (await newer_rules(harness)).answers
    assert harness.backend_db.versions() == before


async def test_newer_rules_that_decide_the_same_write_nothing(harness: WriterHarness) -> None:
    await harness.hear(single(1, DISCOGS, WIKIDATA))
    before = harness.backend_db.versions()
    await newer_rules(harness)
    assert harness.backend_db.versions() == before


async def test_newer_rules_do_not_make_an_identity_again_that_somebody_removed(
    harness: WriterHarness,
) -> None:
    await harness.hear(single(1, DISCOGS))
    harness.backend_db.execute("delete from library_identity_source")
    harness.backend_db.execute("delete from library_identity")
    assert not (await newer_rules(harness)).answers
    assert harness.identity is None


async def test_newer_rules_leave_what_was_reverted(harness: WriterHarness) -> None:
    await harness.hear(single(1, DISCOGS))
    harness.backend_db.execute("update lml_resolution set reverted_at = now()")
    assert not (await newer_rules(harness)).answers
