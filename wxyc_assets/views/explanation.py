"""One record in prose: what it is, its identity, its cover, what happened, and what comes next."""

from collections.abc import Iterator
from typing import assert_never

from wxyc_assets.domain.doubts import DoubtReason
from wxyc_assets.domain.explanation import CoverStep, Explanation
from wxyc_assets.views.labels import (
    COHORT_LABELS,
    DOUBT_LABELS,
    LOOKUP_LABELS,
    REASON_LABELS,
    SOURCE_LABELS,
)
from wxyc_assets.views.record_events import (
    Facts,
    as_words,
    events,
    kind_in_words,
    moment,
    parse_moment,
)

NOT_LOOKED_AT = "Not looked at yet."


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
    if doubts := facts["doubts"]:
        yield "Doubts", list(map(_doubt, doubts))
    happened = [str(each) for each in events(facts)]
    yield "What happened", happened or ["Nothing yet: no run has looked at it."]
    yield "What happens next", list(_next_steps(explanation))


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
        found = f"Found by {as_words(identity['method'])}"
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
        yield f"LML's answer: {kind_in_words(resolution)}."
    if not resolution["is_about_this_artist"]:
        yield f"LML was asked about {resolution['artist_name']}: the record was renamed since."
    if resolution["is_rejected"]:
        yield "A person rejected everything that LML's answer says."
    if resolution["unstorable"]:
        yield f"No table can hold a part of LML's answer: {resolution['unstorable']}"
    if resolution["write_error"]:
        yield f"LML's answer could not be written: {resolution['write_error']}"


def _doubt(doubt: Facts) -> str:
    what = DOUBT_LABELS[DoubtReason(doubt["reason"])]
    since = _when(doubt["found_at"])
    return f"{_sentence(what)} ({doubt['severity']}, since {since}): {doubt['evidence']}."


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
    yield from _words_of_the_lookup(lookup, facts["release"])
    if lookup["is_raced"]:
        yield "Another writer had covered it before us."
    for why_not in (lookup["refusal"], lookup["write_error"]):
        if why_not:
            yield str(why_not)


def _words_of_the_lookup(lookup: Facts, release: Facts | None) -> Iterator[str]:
    """LML's answer in short; `--json` has all of it."""
    if release:
        yield (
            f"LML's release: {release['artist_name']} · {release['album_title']} "
            f"(Discogs {release['release_id']}, {release['canonical_entity']})."
        )
    answer = lookup["answer"]
    if answer is not None:
        results = len(answer["results"])
        yield (
            f"LML's answer: {results} {'result' if results == 1 else 'results'} by "
            f"{answer.get('search_type') or 'an unnamed search'}"
            + ("" if lookup["api_calls"] is None else f", {lookup['api_calls']} Discogs requests")
            + "."
        )
    elif not lookup["refusal"]:
        yield "LML's answer was not kept: it is older than the column."
    if lookup["unstorable"]:
        yield f"No table can hold a part of LML's answer: {lookup['unstorable']}"


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
        case CoverStep.DECIDE:
            return (
                "The next run over its range decides on its cover again, from LML's stored answer "
                "and by today's rules."
            )
        case CoverStep.CONFIRM:
            return (
                "The next run over its range asks for LML's health, and settles the cover's lookup."
            )
        case CoverStep.WAIT:
            assert explanation.cover_due_at is not None
            return f"Its cover is looked up again as of {moment(explanation.cover_due_at)}."
        case _:
            assert_never(explanation.cover_step)


def _source(name: str) -> str:
    return SOURCE_LABELS.get(name, name)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _when(at: str) -> str:
    return moment(parse_moment(at))
