"""POST /api/v1/identity/bulk-resolve-libraries: LML's answers, fit for a JSONB column.

The contract keeps the order but does not promise the count, so an answer is taken by its id: a
foreign or repeated one is dropped, and records without an answer are listed
(docs/contracts/lml.md, "POST /api/v1/identity/bulk-resolve-libraries").
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never, cast

import orjson

from wxyc_assets.adapters.lml.wire import (
    Json,
    NotAnAnswer,
    as_list,
    as_object,
    parse_leniently,
    parse_strictly,
    results_of,
)
from wxyc_assets.domain.answers import AnswerKind
from wxyc_assets.domain.candidates import Candidate

PATH = "/api/v1/identity/bulk-resolve-libraries"
SPAN = "lml.bulk_resolve_libraries"
PROBE_TIMEOUT_SECONDS = 10.0
EMPTY_BATCH_STATUS = 422
KINDS = tuple(AnswerKind)
TRACKS_CONTRACT_VERSION = 1
NUL = rb"\u0000"


@dataclass(frozen=True, slots=True)
class Answer:
    """LML's answer about one library record, verbatim but for what JSONB cannot hold."""

    library_id: int
    kind: AnswerKind
    words: Json
    unstorable: Json = field(default_factory=dict[str, Any])
    """Values taken out, escaped, by place: `{"provenance[1].external_id": "'a\\\\x00'"}`."""

    @property
    def is_poisoned(self) -> bool:
        """True when something was lost that is neither a provenance nor a track entry."""
        return any(not place.startswith(("provenance[", "tracks[")) for place in self.unstorable)

    @property
    def null_confidences(self) -> int:
        """Number of provenance entries without a confidence; they cannot be written."""
        match self.kind:
            case AnswerKind.SINGLE_ARTIST:
                provenance = as_list(self.words.get("provenance"))
                return sum(as_object(each).get("confidence") is None for each in provenance)
            case AnswerKind.COMPILATION | AnswerKind.UNRESOLVED:
                return 0
            case _:
                assert_never(self.kind)

    def is_matched(self, tracks_contract_version: int | None) -> bool:
        """True when LML's matcher has processed this compilation.

        Tracks beside `tracks_attempted: false` prove that it has.
        """
        match self.kind:
            case AnswerKind.COMPILATION:
                return tracks_contract_version == TRACKS_CONTRACT_VERSION and self._was_attempted
            case AnswerKind.SINGLE_ARTIST | AnswerKind.UNRESOLVED:
                return False
            case _:
                assert_never(self.kind)

    @property
    def _was_attempted(self) -> bool:
        lost_tracks = any(place.startswith("tracks[") for place in self.unstorable)
        is_attempted = self.words.get("tracks_attempted") is True
        return is_attempted or lost_tracks or bool(self.words.get("tracks"))


@dataclass(frozen=True, slots=True)
class Answers:
    """A bulk-resolve response, record by record."""

    answered: tuple[Answer, ...]
    invalid: dict[int, str] = field(default_factory=dict[int, str])
    """Asked ids whose result has a value that the contract does not allow, with the reason."""
    unwritable: dict[int, str] = field(default_factory=dict[int, str])
    """Asked ids whose result names no kind, method or source that we could write, likewise."""
    unanswered: frozenset[int] = frozenset()
    untrusted: int = 0
    """Number of results that were dropped, because foreign or repeated."""
    unknown_terms: Counter[str] = field(default_factory=Counter[str])
    """Kinds, methods and sources that the contract does not name: `{"source 'deezer'": 3}`."""
    tracks_contract_version: int | None = None
    cache_stats: dict[str, float] = field(default_factory=dict[str, float])


def request(candidates: Sequence[Candidate]) -> Json:
    """Return the body of a bulk-resolve call."""
    return {"inputs": [_input(each) for each in candidates], "include_tracks": True}


def _input(candidate: Candidate) -> dict[str, int | str]:
    return {
        "library_id": candidate.library_id,
        "artist_name": candidate.artist_name,
        "album_title": candidate.album_title,
        "legacy_release_id": candidate.legacy_release_id,
    }


def read_answers(body: bytes, asked: Sequence[int]) -> Answers:
    """Return the answers about the asked ids; raise NotAnAnswer without a list of `results`."""
    response, is_storable = _parse(body)
    by_id, untrusted = _by_id(results_of(response), frozenset(asked))
    well_formed = {i: words for i, words in by_id.items() if words.get("kind") in KINDS}
    strange = {i: words.get("kind") for i, words in by_id.items() if i not in well_formed}
    version = as_object(response).get("tracks_contract_version")
    to_answer = _verbatim if is_storable else _without_unstorable
    try:
        answered = tuple(to_answer(library_id, words) for library_id, words in well_formed.items())
    except RecursionError:
        raise NotAnAnswer("`results` is nested too deeply") from None
    return Answers(
        answered=answered,
        unwritable={i: f"kind {kind!a:.60} is not in the contract" for i, kind in strange.items()},
        unknown_terms=Counter(f"kind {kind!a:.60}" for kind in strange.values()),
        unanswered=frozenset(asked) - by_id.keys(),
        untrusted=untrusted,
        tracks_contract_version=version if type(version) is int and 0 <= version < 100 else None,
        cache_stats=_numbers(as_object(response).get("cache_stats")),
    )


def _parse(body: bytes) -> tuple[Any, bool]:
    """Return the JSON of a body, and whether JSONB can hold all of it."""
    try:
        return parse_strictly(body), NUL not in body
    except orjson.JSONDecodeError:  # strict: it takes no lone surrogate, NaN or infinity
        return parse_leniently(body), False


def _by_id(results: Iterable[Any], asked: frozenset[int]) -> tuple[dict[int, Json], int]:
    found: dict[int, Json] = {}
    untrusted = 0
    for result in results:
        library_id = as_object(result).get("library_id")
        if type(library_id) is int and library_id in asked and library_id not in found:
            found[library_id] = result
        else:
            untrusted += 1
    return found, untrusted


def _verbatim(library_id: int, words: Json) -> Answer:
    return Answer(library_id, AnswerKind(words["kind"]), words)


def _without_unstorable(library_id: int, words: Json) -> Answer:
    unstorable: Json = {}
    storable = {key: _clean(value, key, unstorable) for key, value in words.items()}
    tracks = storable.get("tracks")
    if unstorable and isinstance(tracks, list):
        storable["tracks"] = _without_poisoned(cast(list[Any], tracks), unstorable)
    return Answer(library_id, AnswerKind(words["kind"]), storable, unstorable)


def _clean(value: Any, place: str, unstorable: Json) -> Any:
    """Return the value with each unstorable leaf replaced by null and kept in `unstorable`."""
    if isinstance(value, str):
        return value if _fits_jsonb(value) else _take_out(value, place, unstorable)
    if isinstance(value, float):
        return value if math.isfinite(value) else _take_out(value, place, unstorable)
    if isinstance(value, list):
        items = enumerate(cast(list[Any], value))
        return [_clean(item, f"{place}[{index}]", unstorable) for index, item in items]
    if isinstance(value, dict):
        members = cast(Json, value).items()
        return {
            key: _clean(item, f"{place}.{key}", unstorable)
            for key, item in members
            if _fits_jsonb(key) or _take_out(item, f"{place}.{key!r}", unstorable)
        }
    return value


def _take_out(value: Any, place: str, unstorable: Json) -> None:
    unstorable[place.encode("unicode_escape").decode()] = ascii(value)


def _without_poisoned(tracks: list[Any], unstorable: Json) -> list[Any]:
    # A nulled title would join another credit: the key is (artist_name, track_title), NULLs equal.
    poisoned = {place.partition("]")[0] for place in unstorable if place.startswith("tracks[")}
    return [track for index, track in enumerate(tracks) if f"tracks[{index}" not in poisoned]


def _fits_jsonb(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False


def _numbers(stats: Any) -> dict[str, float]:
    members = as_object(stats).items()
    return {key: value for key, value in members if type(value) in (int, float)}
