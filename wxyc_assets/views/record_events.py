"""The story of one record in words: decisions and changes in the order of time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from wxyc_assets.domain.verdicts import Topic
from wxyc_assets.views.labels import (
    CHANGE_LABELS,
    KIND_LABELS,
    LOOKUP_LABELS,
    REASON_LABELS,
    SOURCE_LABELS,
    VERDICT_LABELS,
)

Facts = Mapping[str, Any]
"""Rows of the tables about a record, by name; a missing one is None."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a record, in words."""

    at: datetime
    what: str

    def __str__(self) -> str:
        return f"{moment(self.at)}  {self.what}"


def events(facts: Facts) -> list[Event]:
    """Return what happened to the record, the oldest first."""
    found = [
        *_events_of_asking(facts),
        *_events_of_identities(facts),
        *_events_of_the_cover(facts),
        *_superseded(facts),
        *_changes(facts["journal"] or []),
        *_events_of_verdicts(facts["verdicts"] or []),
    ]
    return sorted(
        (Event(parse_moment(at), what) for at, what in found if at), key=lambda each: each.at
    )


def moment(at: datetime) -> str:
    """Return a moment to the minute."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _events_of_asking(facts: Facts) -> Iterator[tuple[str | None, str]]:
    candidate, resolution = facts["candidate"], facts["resolution"]
    if candidate:
        why = REASON_LABELS[candidate["reason"]]
        yield candidate["due_at"], f"found due, as {why}{_run(candidate)}"
    if not resolution:
        return
    answered = (
        f"LML answered: {kind_in_words(resolution)}" if resolution["kind"] else "LML refused it"
    )
    yield resolution["answered_at"], f"{answered}{_run(resolution)}"
    if not _changed(facts, "identity", "credits", "attempt"):
        yield resolution["applied_at"], "what LML answered was written"
        yield resolution["reverted_at"], f"that was reverted (run {resolution['reverted_by']})"
    yield resolution["ask_again_at"], "a person wanted LML to be asked again"


def _superseded(facts: Facts) -> Iterator[tuple[str | None, str]]:
    """Yield the decisions that others replaced; LML's last answer but one is in its row, too."""
    resolution, mine = facts["resolution"], facts["superseded"] or []
    dates = {each["decided_at"] for each in mine if each["subject"] == "identity"}
    if resolution and resolution["previous_answered_at"] not in dates:
        before = resolution["previous_kind"]
        yield resolution["previous_answered_at"], f"LML answered: {KIND_LABELS.get(before, before)}"
    for each in mine:
        yield each["decided_at"], f"{_superseded_words(each)}{_run(each)}"


def _superseded_words(each: Facts) -> str:
    words = each["words"]
    if each["subject"] == "cover":
        return f"its cover was decided on: {_decision(each['decision'], words, each)}"
    if each["decision"] == "single_artist":
        confidence = words.get("confidence")
        sure = "" if confidence is None else f", confidence {confidence:g}"
        return f"LML answered: one artist, by {as_words(words.get('method'))}{sure}"
    if each["decision"] == "refused":
        return f"LML refused it: {words.get('refusal')}"
    return f"LML answered: {KIND_LABELS.get(each['decision'], each['decision'])}"


def _decision(outcome: str, rules: Facts, versioned: Facts) -> str:
    floor = rules.get("min_confidence")
    above = "" if floor is None else f", floor {floor:g}"
    return (
        f"{LOOKUP_LABELS[outcome]} (version {versioned['rules_version']} of the rules, "
        f"{rules['match']}{above})"
    )


def _changed(facts: Facts, *subjects: str) -> bool:
    """Return True if the journal tells of such a change; it keeps 90 days by default."""
    return any(each["subject"] in subjects for each in facts["journal"] or [])


def _changes(journal: list[Facts]) -> Iterator[tuple[str | None, str]]:
    for each in journal:
        what = CHANGE_LABELS[each["subject"]]
        if each["subject"] == "cover" and each["is_empty_after"]:
            what = "its cover was taken out of the library"
        why = f", which undid run {each['reverted_run_id']}" if each["reverted_run_id"] else ""
        yield each["changed_at"], f"{what}{_run(each)[:-1]}{why})"


def _events_of_identities(facts: Facts) -> Iterator[tuple[str | None, str]]:
    for past in facts["history"] or []:
        how, why = as_words(past.get("method")), past["superseded_reason"]
        what = "taken away" if past.get("reason_category") == "reverted" else "replaced"
        yield past["superseded_at"], f"its identity, found by {how}, was {what}: {why}"
    if facts["identity"] and not facts["resolution"]:
        yield facts["identity"]["last_verified_at"], "its identity was verified by another job"
    attempted_at = facts["unresolved_attempted_at"]
    yield attempted_at, "an attempt without an identity was dated on the library record"


def _events_of_the_cover(facts: Facts) -> Iterator[tuple[str | None, str]]:
    lookup, release = facts["cover_lookup"], facts["release"]
    if lookup:
        decided = _decision(lookup["outcome"], lookup, lookup)
        if lookup["decided_at"]:
            yield lookup["looked_up_at"], f"its cover was looked up{_run(lookup)}"
            run = {"run_id": lookup["decided_by"]}
            yield lookup["decided_at"], f"its cover was decided on again: {decided}{_run(run)}"
        else:
            yield lookup["looked_up_at"], f"its cover was looked up: {decided}{_run(lookup)}"
        if lookup["is_raced"]:
            yield lookup["applied_at"], "covered by another writer"
        elif not _changed(facts, "cover"):
            yield lookup["applied_at"], "covered"
            yield lookup["reverted_at"], f"the cover was taken back (run {lookup['reverted_by']})"
        yield lookup["ask_again_at"], "a person wanted the cover to be looked up again"
    if release and release["written_at"] and not _changed(facts, "identity"):
        run = {"run_id": release["written_by"]}
        yield release["written_at"], f"its identity got its Discogs release{_run(run)}"


def _events_of_verdicts(verdicts: Sequence[Facts]) -> Iterator[tuple[str | None, str]]:
    for each in verdicts:
        what = VERDICT_LABELS[each["decision"]].format(_topic(each["topic"]), each["value"])
        note = f" ({each['note']})" if each["note"] else ""
        yield each["decided_at"], f"{each['decided_by']} {what}{note}"


def _topic(topic: str) -> str:
    return "cover" if topic == Topic.COVER else f"{SOURCE_LABELS[topic]} id"


def kind_in_words(resolution: Facts) -> str:
    """Return the kind of an answer; of a compilation, with whether LML has matched it."""
    kind = KIND_LABELS[resolution["kind"]]
    if resolution["kind"] != "compilation":
        return kind
    return f"{kind}, {'matched' if resolution['is_matched'] else 'not matched'}"


def as_words(term: str | None) -> str:
    """Return a term of LML as words."""
    return (term or "an unknown method").replace("_", " ")


def _run(row: Facts) -> str:
    return f" (run {row['run_id']})"


def parse_moment(at: str) -> datetime:
    """Return the moment of a row; without a time zone it is in UTC."""
    parsed = datetime.fromisoformat(at)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
