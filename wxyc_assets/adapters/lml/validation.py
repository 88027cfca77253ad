"""Bulk-resolve answers against the contract: what breaks it is left out, and counted.

The rules are "What we believe" in docs/contracts/lml.md ("POST
/api/v1/identity/bulk-resolve-libraries").
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any, assert_never, cast

from wxyc_assets.adapters.lml.bulk_resolve import Answer, Answers
from wxyc_assets.adapters.lml.storable import is_too_deep
from wxyc_assets.adapters.lml.wire import Json, NotAnAnswer
from wxyc_assets.domain.answers import AnswerKind, Method, Source, are_few
from wxyc_assets.domain.external_ids import FORMS

MAIN: Mapping[str, re.Pattern[str]] = {
    "discogs_artist_id": FORMS[Source.DISCOGS],
    "musicbrainz_artist_id": FORMS[Source.MUSICBRAINZ],
    "wikidata_qid": FORMS[Source.WIKIDATA],
    "spotify_artist_id": FORMS[Source.SPOTIFY],
    "apple_music_artist_id": FORMS[Source.APPLE_MUSIC],
    "bandcamp_id": FORMS[Source.BANDCAMP],
}
METHODS = frozenset(each.value for each in Method)
TRACK_TEXTS = ("artist_name", "track_title", "track_position", "resolved_artist_name")


class _Invalid(Exception):
    """A row with a value that the contract does not allow."""


class _Unwritable(Exception):
    """A row that is well-formed, but names no source or method that we could write."""


def validate(answers: Answers) -> Answers:
    """Return the answers without the rows that break the contract.

    A source entry with a term that the contract does not name loses its id, so that it is not
    written. Raises NotAnAnswer when more than a few rows are invalid: then none can be believed.
    """
    believed: list[Answer] = []
    invalid: dict[int, str] = {}
    unwritable = dict(answers.unwritable)
    unknown_terms = Counter(answers.unknown_terms)
    too_deep = _too_deep(answers.answered)
    for answer in answers.answered:
        try:
            if answer.library_id in too_deep:
                raise _Invalid("it is nested too deeply to be stored")
            _check(answer, unknown_terms)
        except _Invalid as error:
            invalid[answer.library_id] = str(error)
        except _Unwritable as error:
            unwritable[answer.library_id] = str(error)
        else:
            believed.append(answer)
    rows = len(answers.answered) + len(answers.unwritable)
    if not are_few(len(invalid), of=rows):
        library_id, reason = next(iter(invalid.items()))
        raise NotAnAnswer(
            f"{len(invalid)} of {rows} results are invalid, so none is believed; "
            f"that of record {library_id}: {reason}"
        )
    return replace(
        answers,
        answered=tuple(believed),
        invalid=invalid,
        unwritable=unwritable,
        unknown_terms=unknown_terms,
    )


def _too_deep(answers: Sequence[Answer]) -> frozenset[int]:
    """Return the ids of answers that are nested more deeply than can be stored."""
    if not is_too_deep([each.words for each in answers]):
        return frozenset()
    return frozenset(each.library_id for each in answers if is_too_deep(each.words))


def _check(answer: Answer, unknown_terms: Counter[str]) -> None:
    match answer.kind:
        case AnswerKind.SINGLE_ARTIST:
            _check_single(answer, unknown_terms)
        case AnswerKind.COMPILATION:
            _check_tracks(_list(answer.words, "tracks"))
        case AnswerKind.UNRESOLVED:
            pass
        case _:
            assert_never(answer.kind)


def _check_single(answer: Answer, unknown_terms: Counter[str]) -> None:
    words = answer.words
    method, confidence = words.get("method"), words.get("confidence")
    if not _is_confidence(confidence):
        raise _Invalid(f"confidence is {_shown(confidence)}, not a number in 0..1")
    if method is None:
        raise _Invalid("method is missing or null")
    _check_main(words.get("main"))
    has_writable = False
    for index, entry in enumerate(_list(words, "provenance")):
        if _is_plainly_writable(entry) or _is_writable(entry, index, answer, unknown_terms):
            has_writable = True
    if not _is_known(method, METHODS, "method", unknown_terms):
        raise _Unwritable(f"method {_shown(method)} is not in the contract")
    if not has_writable:
        raise _Unwritable("single_artist without a source that can be written")


def _check_main(main: Any) -> None:
    if not isinstance(main, dict):
        raise _Invalid(f"main is {_shown(main)}, not an object")
    ids = cast(Json, main)
    for key, form in MAIN.items():
        external_id = ids.get(key)
        if external_id is not None and not _has_form(external_id, form):
            raise _Invalid(f"main.{key} is {_shown(external_id)}")


def _is_plainly_writable(entry: Any) -> bool:
    """Return True for the usual entry, quickly; False leaves it to `_is_writable`."""
    try:
        return (
            type(entry["confidence"]) is float
            and 0 <= entry["confidence"] <= 1
            and entry["method"] in METHODS
            and FORMS[entry["source"]].fullmatch(entry["external_id"]) is not None
        )
    except (TypeError, KeyError):
        return False


def _is_writable(entry: Any, index: int, answer: Answer, unknown_terms: Counter[str]) -> bool:
    """Return True for a source entry that can be written; raise _Invalid for a broken one."""
    place = f"provenance[{index}]"
    if not isinstance(entry, dict):
        raise _Invalid(f"{place} is {_shown(entry)}, not an object")
    said = cast(Json, entry)
    source, method = said.get("source"), said.get("method")
    external_id, confidence = said.get("external_id"), said.get("confidence")
    if confidence is not None and not _is_confidence(confidence):
        raise _Invalid(f"{place}.confidence is {_shown(confidence)}, not a number in 0..1")
    has_source = _is_known(source, FORMS.keys(), f"{place}.source", unknown_terms)
    has_method = _is_known(method, METHODS, f"{place}.method", unknown_terms)
    if external_id is None:
        return False
    if has_source and not _has_form(external_id, FORMS[str(source)]):
        raise _Invalid(f"{place}.external_id is {_shown(external_id)}, for {source}")
    if has_source and has_method:
        return confidence is not None
    answer.unstorable[f"{place}.external_id"] = ascii(external_id)
    said["external_id"] = None  # the source stays mentioned, and keeps what it has
    return False


def _is_known(term: Any, known: Set[str], place: str, unknown_terms: Counter[str]) -> bool:
    """Return True for a term of the contract, and count one that it does not name."""
    if type(term) is str:
        if term in known:
            return True
        unknown_terms[f"{place.rpartition('.')[2]} {_shown(term)}"] += 1
    elif term is not None:
        raise _Invalid(f"{place} is {_shown(term)}")
    return False


def _check_tracks(tracks: list[Any]) -> None:
    for index, track in enumerate(tracks):
        if not isinstance(track, dict):
            raise _Invalid(f"tracks[{index}] is {_shown(track)}, not an object")
        said = cast(Json, track)
        for name in TRACK_TEXTS:
            value = said.get(name)
            if type(value) is not str and value is not None:
                raise _Invalid(f"tracks[{index}].{name} is {_shown(value)}, not text")


def _list(words: Json, key: str) -> list[Any]:
    value = words.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _Invalid(f"{key} is {_shown(value)}, not a list")
    return cast(list[Any], value)


def _is_confidence(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1


def _has_form(value: Any, form: re.Pattern[str]) -> bool:
    text = str(value) if type(value) is int else value
    return isinstance(text, str) and form.fullmatch(text) is not None


def _shown(value: Any) -> str:
    return f"{value!a:.60}"
