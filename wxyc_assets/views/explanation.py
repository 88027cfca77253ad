"""One record in prose: what it is, its identity, its cover, what happened, and what comes next."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, assert_never

from wxyc_assets.domain.explanation import CoverStep, Explanation
from wxyc_assets.views.labels import (
    COHORT_LABELS,
    KIND_LABELS,
    LOOKUP_LABELS,
    REASON_LABELS,
    SOURCE_LABELS,
)

NOT_LOOKED_AT = "Not looked at yet."
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a record, in words."""

    at: datetime
    what: str

    def __str__(self) -> str:
        return f"{moment(self.at)}  {self.what}"


def title(explanation: Explanation) -> str:
    """Return the record as people name it."""
    name = explanation.artist_name or "(no artist name)"
    return f"{explanation.library_id}  {name} · {explanation.album_title}"


def sections(explanation: Explanation) -> Iterator[tuple[str, list[str]]]:
    """Yield the headings, each with its sentences."""
    facts = explanation.facts
    yield "Record", list(_record(explanation))
    yield "Identity", list(_identity(explanation))
    yield "Cover", list(_cover(explanation))
    happened = [str(each) for each in events(facts)]
    yield "What happened", happened or ["Nothing yet: no run has looked at it."]
    yield "What happens next", list(_next_steps(explanation))


def moment(at: datetime) -> str:
    """Return a moment to the minute."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def events(facts: Facts) -> list[Event]:
    """Return what happened to the record, the oldest first."""
    found = [
        *_events_of_asking(facts["candidate"], facts["resolution"]),
        *_events_of_identities(facts),
        *_events_of_the_cover(facts["cover_lookup"]),
    ]
    return sorted((Event(_parse(at), what) for at, what in found if at), key=lambda each: each.at)


def _record(explanation: Explanation) -> Iterator[str]:
    if explanation.id_range:
        yield f"Its range is {explanation.id_range}."
    else:
        yield "It lies past the last range, so no run takes it: raise LIBRARY_MAX_ID."
    yield f"Its cohort: {COHORT_LABELS[explanation.cohort]}."


def _identity(explanation: Explanation) -> Iterator[str]:
    facts = explanation.facts
    identity, resolution = facts["identity"], facts["resolution"]
    if identity:
        found = f"Found by {_words(identity['method'])}"
        confidence = identity.get("confidence")
        sure = "" if confidence is None else f", confidence {confidence:g}"
        yield f"{found}{sure}; last verified {_when(identity['last_verified_at'])}."
    for source in facts["sources"] or []:
        yield f"{_source(source['source'])}: {source['external_id']}"
    if facts["has_credits"]:
        yield f"Track artists matched: {facts['linked_credits']}."
    if resolution:
        yield from _answer(resolution)
    elif not identity:
        yield _never_asked(explanation)


def _never_asked(explanation: Explanation) -> str:
    looked_at = explanation.facts["identities_completed_at"]
    if explanation.facts["candidate"]:
        return "None yet: it was found due, and LML has not answered."
    if not looked_at:
        return NOT_LOOKED_AT
    return f"None: it was not due when its range was last completed, {_when(looked_at)}."


def _answer(resolution: Facts) -> Iterator[str]:
    if resolution["refusal"]:
        yield f"LML refused it: {resolution['refusal']}"
    elif resolution["kind"] != "single_artist":
        yield f"LML's answer: {_kind(resolution)}."
    if not resolution["is_about_this_artist"]:
        yield f"LML was asked about {resolution['artist_name']}: the record was renamed since."
    if resolution["unstorable"]:
        yield f"No table can hold a part of LML's answer: {resolution['unstorable']}"
    if resolution["write_error"]:
        yield f"LML's answer could not be written: {resolution['write_error']}"


def _cover(explanation: Explanation) -> Iterator[str]:
    facts = explanation.facts
    lookup = facts["cover_lookup"]
    if facts["artwork_url"]:
        yield facts["artwork_url"]
    elif lookup is None:
        yield NOT_LOOKED_AT
    if lookup is None:
        return
    if lookup["outcome"] != "cover" or not facts["artwork_url"]:
        yield f"{_sentence(LOOKUP_LABELS[lookup['outcome']])} ({lookup['outcome']})."
    if meant := lookup["outcome_if_confirmed"]:
        yield f"It would mean: {LOOKUP_LABELS[meant]} ({meant})."
    if lookup["confidence"] is not None:
        yield f"LML's confidence in the release: {lookup['confidence']:g}."
    if lookup["is_raced"]:
        yield "Another writer had covered it before us."
    for why_not in (lookup["refusal"], lookup["write_error"]):
        if why_not:
            yield str(why_not)


def _events_of_asking(
    candidate: Facts | None, resolution: Facts | None
) -> Iterator[tuple[str | None, str]]:
    if candidate:
        why = REASON_LABELS[candidate["reason"]]
        yield candidate["due_at"], f"found due, as {why}{_run(candidate)}"
    if not resolution:
        return
    before = resolution["previous_kind"]
    yield resolution["previous_answered_at"], f"LML answered: {KIND_LABELS.get(before, before)}"
    answered = f"LML answered: {_kind(resolution)}" if resolution["kind"] else "LML refused it"
    yield resolution["answered_at"], f"{answered}{_run(resolution)}"
    yield resolution["applied_at"], "what LML answered was written"
    yield resolution["ask_again_at"], "a person wanted LML to be asked again"


def _events_of_identities(facts: Facts) -> Iterator[tuple[str | None, str]]:
    for past in facts["history"] or []:
        how, why = _words(past.get("method")), past["superseded_reason"]
        yield past["superseded_at"], f"its identity, found by {how}, was replaced: {why}"
    if facts["identity"] and not facts["resolution"]:
        yield facts["identity"]["last_verified_at"], "its identity was verified by another job"
    attempted_at = facts["unresolved_attempted_at"]
    yield attempted_at, "an attempt without an identity was dated on the library record"


def _events_of_the_cover(lookup: Facts | None) -> Iterator[tuple[str | None, str]]:
    if not lookup:
        return
    found = LOOKUP_LABELS[lookup["outcome"]]
    yield lookup["looked_up_at"], f"its cover was looked up: {found}{_run(lookup)}"
    yield lookup["applied_at"], "covered by another writer" if lookup["is_raced"] else "covered"
    yield lookup["ask_again_at"], "a person wanted the cover to be looked up again"


def _next_steps(explanation: Explanation) -> Iterator[str]:
    if explanation.id_range is None:
        yield "Nothing, until there is a range for it."
        return
    resolution = explanation.facts["resolution"]
    if resolution and _waits_to_be_written(resolution):
        again = " again" if resolution["write_error"] else ""
        yield f"The next run over its range tries{again} to write LML's answer."
    else:
        yield _next_question(explanation)
    yield _next_lookup(explanation)


def _waits_to_be_written(resolution: Facts) -> bool:
    is_written = bool(resolution["applied_at"] or resolution["refusal"])
    return resolution["is_about_this_artist"] and not (is_written or resolution["ask_again_at"])


def _next_question(explanation: Explanation) -> str:
    if explanation.due_now:
        why = REASON_LABELS[explanation.due_now]
        return f"The next run over its range asks LML about it, as {why}."
    if explanation.due_at:
        when = moment(explanation.due_at)
        return f"LML is asked about it again as of {when}; until then {_why_not(explanation)}."
    return f"LML is not asked about it: {_why_not(explanation)}."


def _why_not(explanation: Explanation) -> str:
    return str(explanation.not_due_because)


def _next_lookup(explanation: Explanation) -> str:
    match explanation.cover_step:
        case CoverStep.NONE:
            return "Its cover is there, and is not looked up."
        case CoverStep.NOT_WANTED:
            return "Its cover is not looked up: ARTWORK_ELIGIBILITY leaves the record out."
        case CoverStep.LOOK_UP:
            return "The next run over its range looks up its cover."
        case CoverStep.WRITE:
            return "The next run over its range writes the cover that was found."
        case CoverStep.CONFIRM:
            return (
                "The next run over its range asks for LML's health, and settles the cover's lookup."
            )
        case CoverStep.WAIT:
            assert explanation.cover_due_at is not None
            return f"Its cover is looked up again as of {moment(explanation.cover_due_at)}."
        case _:
            assert_never(explanation.cover_step)


def _kind(resolution: Facts) -> str:
    kind = KIND_LABELS[resolution["kind"]]
    if resolution["kind"] != "compilation":
        return kind
    return f"{kind}, {'matched' if resolution['is_matched'] else 'not matched'}"


def _source(name: str) -> str:
    return SOURCE_LABELS.get(name, name)


def _run(row: Facts) -> str:
    return f" (run {row['run_id']})"


def _words(term: str | None) -> str:
    return (term or "an unknown method").replace("_", " ")


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _when(at: str) -> str:
    return moment(_parse(at))


def _parse(at: str) -> datetime:
    parsed = datetime.fromisoformat(at)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
