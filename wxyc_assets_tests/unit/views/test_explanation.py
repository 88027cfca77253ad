"""One record in prose."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from wxyc_assets.adapters.postgres import artwork_store
from wxyc_assets.domain.answers import AnswerKind, Source
from wxyc_assets.domain.artwork import NoCoverReason
from wxyc_assets.domain.candidates import Cohort, NotDue, Reason
from wxyc_assets.domain.doubts import DoubtReason
from wxyc_assets.domain.explanation import CoverStep, Explanation
from wxyc_assets.domain.verdicts import Decision
from wxyc_assets.flows.explain import FACTS
from wxyc_assets.views import labels
from wxyc_assets.views.explanation import sections, title

MAY = "2026-05-01T12:00:00+00:00"
NEVER_RAN = Explanation(
    library_id=4711,
    artist_name="Stereolab",
    album_title="Dots [and] Loops",
    id_range="0002501-0005000",
    cohort=Cohort.NON_VA,
    due_now=Reason.NEVER_RESOLVED,
    not_due_because=None,
    due_at=datetime(2026, 5, 1, tzinfo=UTC),
    cover_step=CoverStep.LOOK_UP,
    cover_due_at=None,
    facts=dict.fromkeys(FACTS) | {"has_credits": False, "linked_credits": 0},
)
LOOKUP: dict[str, Any] = {
    "outcome": "not_direct",
    "looked_up_at": MAY,
    "applied_at": None,
    "run_id": "run-2",
    "confidence": None,
    "outcome_if_confirmed": None,
    "refusal": None,
    "write_error": None,
    "is_raced": False,
    "ask_again_at": None,
    "match": "careful",
    "min_confidence": 0.8,
    "rules_version": 1,
    "decided_at": None,
    "decided_by": None,
    "answer": {"results": [{}], "search_type": "fallback"},
    "api_calls": 5,
    "unstorable": None,
    "reverted_at": None,
    "reverted_by": None,
}
RESOLUTION: dict[str, Any] = {
    "kind": "single_artist",
    "is_matched": False,
    "refusal": None,
    "is_about_this_artist": True,
    "artist_name": "Stereolab",
    "unstorable": None,
    "write_error": None,
    "answered_at": MAY,
    "applied_at": "2026-05-01T12:00:05+00:00",
    "previous_kind": None,
    "previous_answered_at": None,
    "ask_again_at": None,
    "reverted_at": None,
    "reverted_by": None,
    "is_rejected": False,
    "run_id": "run-1",
}


def told(explanation: Explanation) -> dict[str, str]:
    """Return the prose by heading."""
    return {heading: "\n".join(sentences) for heading, sentences in sections(explanation)}


def with_facts(**facts: Any) -> Explanation:
    return replace(NEVER_RAN, facts=NEVER_RAN.facts | facts)


def test_a_record_of_a_station_that_never_ran_was_not_looked_at_yet() -> None:
    prose = told(NEVER_RAN)
    assert title(NEVER_RAN) == "4711  Stereolab · Dots [and] Loops"
    assert prose["Record"].splitlines()[0] == "Its range is 0002501-0005000."
    assert prose["Identity"] == prose["Cover"] == "Not looked at yet."
    assert prose["What happened"] == "Nothing yet: no run has looked at it."
    assert "as LML was never asked about it." in prose["What happens next"]
    assert "looks up its cover" in prose["What happens next"]


def test_a_range_that_was_completed_was_looked_at() -> None:
    prose = told(with_facts(identities_completed_at=MAY))
    expected = "None: it was not due when its range was last completed, 2026-05-01 12:00 UTC."
    assert prose["Identity"] == expected


def test_what_happened_is_told_in_the_order_of_time() -> None:
    story = with_facts(
        candidate={"reason": "never_resolved", "due_at": "2026-05-01T11:59:00Z", "run_id": "run-1"},
        resolution=RESOLUTION,
        cover_lookup=LOOKUP,
        history=[
            {
                "method": "trigram",
                "superseded_at": "2026-04-01T00:00:00Z",
                "superseded_reason": "edited",
            }
        ],
    )
    assert told(story)["What happened"].splitlines() == [
        "2026-04-01 00:00 UTC  its identity, found by trigram, was replaced: edited",
        "2026-05-01 11:59 UTC  found due, as LML was never asked about it (run run-1)",
        "2026-05-01 12:00 UTC  LML answered: one artist (run run-1)",
        "2026-05-01 12:00 UTC  its cover was looked up: LML found similar records only, not this "
        "one (version 1 of the rules, careful, floor 0.8) (run run-2)",
        "2026-05-01 12:00 UTC  what LML answered was written",
    ]


def test_an_identity_that_a_revert_took_away_is_told_as_such() -> None:
    past = {
        "method": "trigram",
        "superseded_at": MAY,
        "superseded_reason": "run run-1 was reverted",
        "reason_category": "reverted",
    }
    assert told(with_facts(history=[past]))["What happened"] == (
        "2026-05-01 12:00 UTC  its identity, found by trigram, was taken away: run run-1 was "
        "reverted"
    )


def test_an_identity_names_its_sources_and_how_it_was_found() -> None:
    story = with_facts(
        identity={"method": "exact_match", "confidence": 0.9, "last_verified_at": MAY},
        sources=[
            {"source": "discogs", "external_id": "388"},
            {"source": "wikidata", "external_id": "Q483507"},
        ],
        resolution=RESOLUTION,
    )
    assert told(story)["Identity"].splitlines() == [
        "Found by exact match, confidence 0.9; last verified 2026-05-01 12:00 UTC.",
        "Discogs: 388",
        "Wikidata: Q483507",
    ]


def test_an_identity_of_another_job_is_dated_as_such() -> None:
    identity = {"method": "manual", "confidence": None, "last_verified_at": MAY}
    prose = told(with_facts(identity=identity))
    assert prose["Identity"].startswith("Found by manual; last verified")
    happened = "2026-05-01 12:00 UTC  its identity was verified by another job"
    assert prose["What happened"] == happened


def test_a_reason_against_a_cover_is_told_in_words_and_by_name() -> None:
    story = replace(
        with_facts(cover_lookup=LOOKUP),
        cover_step=CoverStep.WAIT,
        cover_due_at=datetime(2026, 5, 31, 12, tzinfo=UTC),
    )
    prose = told(story)
    assert prose["Cover"].splitlines() == [
        "LML found similar records only, not this one (not_direct).",
        "LML's answer: 1 result by fallback, 5 Discogs requests.",
    ]
    assert "Its cover is looked up again as of 2026-05-31 12:00 UTC." in prose["What happens next"]


def test_a_cover_in_the_library_is_its_address() -> None:
    found = LOOKUP | {"outcome": "cover", "applied_at": MAY, "confidence": 0.95}
    prose = told(with_facts(artwork_url="https://i.discogs.com/a.jpg", cover_lookup=found))
    assert prose["Cover"].splitlines() == [
        "https://i.discogs.com/a.jpg",
        "LML's confidence in the release: 0.95.",
        "LML's answer: 1 result by fallback, 5 Discogs requests.",
    ]
    assert "2026-05-01 12:00 UTC  covered" in prose["What happened"]


RELEASE: dict[str, Any] = {
    "artist_name": "Stereolab",
    "album_title": "Dots And Loops",
    "release_id": 242,
    "canonical_entity": "discogs:master:77",
    "written_at": "2026-05-01T13:00:00Z",
    "written_by": "run-4",
}


def test_lmls_release_is_told_in_its_own_words() -> None:
    prose = told(with_facts(cover_lookup=LOOKUP, release=RELEASE))
    words = "LML's release: Stereolab · Dots And Loops (Discogs 242, discogs:master:77)."
    assert words in prose["Cover"]
    assert prose["What happened"].endswith(
        "2026-05-01 13:00 UTC  its identity got its Discogs release (run run-4)"
    )


def test_an_answer_that_was_not_kept_is_told() -> None:
    lost = LOOKUP | {"answer": None, "api_calls": None}
    assert "was not kept" in told(with_facts(cover_lookup=lost))["Cover"]
    refused = lost | {"outcome": "lml_refused", "refusal": "HTTP 422"}
    assert "was not kept" not in told(with_facts(cover_lookup=refused))["Cover"]


def test_every_decision_is_told_with_its_run_and_its_rules() -> None:
    decided_again = LOOKUP | {
        "outcome": "cover",
        "rules_version": 2,
        "decided_at": "2026-05-03T12:00:00Z",
        "decided_by": "replay-1",
    }
    superseded = [
        {
            "subject": "cover",
            "decision": "below_floor",
            "decided_at": MAY,
            "run_id": "run-2",
            "rules_version": 1,
            "words": {"match": "careful", "min_confidence": 0.9, "confidence": 0.8},
        },
        {
            "subject": "identity",
            "decision": "single_artist",
            "decided_at": "2026-04-01T00:00:00Z",
            "run_id": "run-0",
            "words": {"method": "alias_match", "confidence": 0.75},
        },
        {
            "subject": "identity",
            "decision": "refused",
            "decided_at": "2026-03-01T00:00:00Z",
            "run_id": "run-a",
            "words": {"refusal": "HTTP 422"},
        },
        {
            "subject": "identity",
            "decision": "unresolved",
            "decided_at": "2026-02-01T00:00:00Z",
            "run_id": "run-b",
            "words": {},
        },
    ]
    assert told(with_facts(cover_lookup=decided_again, superseded=superseded))[
        "What happened"
    ].splitlines() == [
        "2026-02-01 00:00 UTC  LML answered: no identity found (run run-b)",
        "2026-03-01 00:00 UTC  LML refused it: HTTP 422 (run run-a)",
        "2026-04-01 00:00 UTC  LML answered: one artist, by alias match, confidence 0.75 "
        "(run run-0)",
        "2026-05-01 12:00 UTC  its cover was looked up (run run-2)",
        "2026-05-01 12:00 UTC  its cover was decided on: LML is not sure enough of the release "
        "(ARTWORK_MIN_CONFIDENCE) (version 1 of the rules, careful, floor 0.9) (run run-2)",
        "2026-05-03 12:00 UTC  its cover was decided on again: a cover was found (version 2 of the "
        "rules, careful, floor 0.8) (run replay-1)",
    ]


def test_an_answer_that_is_in_two_places_is_told_once() -> None:
    before = {
        "subject": "identity",
        "decision": "unresolved",
        "decided_at": MAY,
        "run_id": "run-0",
        "words": {},
    }
    again = RESOLUTION | {"previous_kind": "unresolved", "previous_answered_at": MAY}
    prose = told(with_facts(resolution=again, superseded=[before]))
    assert prose["What happened"].count("no identity found") == 1
    prose = told(with_facts(resolution=again))
    assert prose["What happened"].count("no identity found") == 1


def test_changes_of_the_tables_name_their_runs_and_what_they_undid() -> None:
    change = {
        "changed_at": MAY,
        "run_id": "run-1",
        "is_empty_after": False,
        "reverted_run_id": None,
    }
    journal = [
        change | {"subject": "identity"},
        change | {"subject": "cover"},
        change
        | {"subject": "cover", "run_id": "r-2", "is_empty_after": True, "reverted_run_id": "run-1"},
    ]
    assert told(with_facts(journal=journal))["What happened"].splitlines() == [
        "2026-05-01 12:00 UTC  its identity was written (run run-1)",
        "2026-05-01 12:00 UTC  its cover was written (run run-1)",
        "2026-05-01 12:00 UTC  its cover was taken out of the library (run r-2, which undid run "
        "run-1)",
    ]


def test_an_empty_answer_says_what_it_would_mean() -> None:
    empty = LOOKUP | {"outcome": "unconfirmed", "outcome_if_confirmed": "no_artwork"}
    prose = told(with_facts(cover_lookup=empty))
    meaning = "It would mean: LML found the record, but no picture of it (no_artwork)."
    assert meaning in prose["Cover"]


def test_a_refused_write_is_told_with_its_reason_and_tried_again() -> None:
    refused = RESOLUTION | {"applied_at": None, "write_error": "no [room] today"}
    prose = told(with_facts(resolution=refused))
    assert prose["Identity"] == "LML's answer could not be written: no [room] today"
    first = prose["What happens next"].splitlines()[0]
    assert first == "The next run over its range tries again to write LML's answer."


def test_an_answer_that_a_person_wants_anew_is_asked_for() -> None:
    unwanted = RESOLUTION | {"applied_at": None, "ask_again_at": MAY}
    story = replace(with_facts(resolution=unwanted), due_now=Reason.RECHECK)
    first = told(story)["What happens next"].splitlines()[0]
    assert first == "The next run over its range asks LML about it, as it was asked for again."


@pytest.mark.parametrize("reason", [NotDue.FRESH, NotDue.WAITING_TO_RETRY, NotDue.ATTEMPTED])
def test_a_wait_has_a_date(reason: NotDue) -> None:
    waiting = replace(
        NEVER_RAN,
        due_now=None,
        not_due_because=reason,
        due_at=datetime(2026, 6, 1, tzinfo=UTC),
    )
    expected = f"LML is asked about it again as of 2026-06-01 00:00 UTC; until then {reason}."
    assert told(waiting)["What happens next"].splitlines()[0] == expected


def test_a_record_out_of_scope_is_never_asked_about() -> None:
    reason = NotDue.NO_CANONICAL_ENTITY
    outside = replace(NEVER_RAN, due_now=None, not_due_because=reason, due_at=None)
    first = told(outside)["What happens next"].splitlines()[0]
    assert first == f"LML is not asked about it: {reason}."


def test_a_record_past_the_last_range_is_taken_by_no_run() -> None:
    prose = told(replace(NEVER_RAN, id_range=None))
    assert "raise LIBRARY_MAX_ID" in prose["Record"]
    assert prose["What happens next"] == "Nothing, until there is a range for it."


@pytest.mark.parametrize("step", CoverStep)
def test_every_step_of_a_cover_has_a_sentence(step: CoverStep) -> None:
    story = replace(NEVER_RAN, cover_step=step, cover_due_at=datetime(2026, 5, 31, tzinfo=UTC))
    assert "cover" in told(story)["What happens next"].splitlines()[1].lower()


def test_what_people_decided_is_told_with_the_rest() -> None:
    verdict = {"decided_by": "juana", "decided_at": MAY, "note": "a namesake"}
    spotify = verdict | {"topic": "spotify", "value": "6Qg5", "decision": "reject"}
    cover = verdict | {"topic": "cover", "value": "https://a.b/1", "decision": "replace"}
    prose = told(
        with_facts(verdicts=[spotify, cover], resolution=RESOLUTION | {"is_rejected": True})
    )
    assert "juana rejected the Spotify id 6Qg5 (a namesake)" in prose["What happened"]
    assert "juana gave the cover https://a.b/1 (a namesake)" in prose["What happened"]
    assert "A person rejected everything that LML's answer says." in prose["Identity"]


def test_every_term_has_a_label() -> None:
    assert labels.VERDICT_LABELS.keys() == {*Decision}
    stored = {artwork_store.COVER, artwork_store.LML_REFUSED, artwork_store.UNCONFIRMED, "rejected"}
    assert labels.LOOKUP_LABELS.keys() == {*NoCoverReason} | stored
    assert labels.REASON_LABELS.keys() == {*Reason}
    assert labels.KIND_LABELS.keys() == {*AnswerKind}
    assert labels.SOURCE_LABELS.keys() == {*Source}


def test_doubts_are_told_with_their_evidence() -> None:
    doubt = {
        "reason": "shared_id",
        "severity": "medium",
        "evidence": 'its discogs artist 7 is also that of "chan marshall"',
        "found_at": MAY,
    }
    assert told(with_facts(doubts=[doubt]))["Doubts"] == (
        "An id that artists of other names have, too (medium, since 2026-05-01 12:00 UTC): "
        'its discogs artist 7 is also that of "chan marshall".'
    )
    assert "Doubts" not in told(NEVER_RAN)
    assert {*labels.DOUBT_LABELS} == {*DoubtReason}
