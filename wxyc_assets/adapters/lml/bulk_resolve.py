"""POST /api/v1/identity/bulk-resolve-libraries: LML's answers, fit for a JSONB column.

The contract keeps the order but does not promise the count, so an answer is taken by its id: a
foreign or repeated one is dropped, and records without an answer are listed
(docs/contracts/lml.md, "POST /api/v1/identity/bulk-resolve-libraries").
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never, cast

from wxyc_assets.adapters.lml.storable import parse_for_jsonb, without_unstorable
from wxyc_assets.adapters.lml.wire import (
    Json,
    as_list,
    as_object,
    is_count,
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
    response, is_storable = parse_for_jsonb(body)
    by_id, untrusted = _by_id(results_of(response), frozenset(asked))
    well_formed = {i: words for i, words in by_id.items() if words.get("kind") in KINDS}
    strange = {i: words.get("kind") for i, words in by_id.items() if i not in well_formed}
    version = as_object(response).get("tracks_contract_version")
    to_answer = _verbatim if is_storable else _without_unstorable
    answered = tuple(to_answer(i, _without_idle_tracks(words)) for i, words in well_formed.items())
    return Answers(
        answered=answered,
        unwritable={i: f"kind {kind!a:.60} is not in the contract" for i, kind in strange.items()},
        unknown_terms=Counter(f"kind {kind!a:.60}" for kind in strange.values()),
        unanswered=frozenset(asked) - by_id.keys(),
        untrusted=untrusted,
        tracks_contract_version=version if type(version) is int and 0 <= version < 100 else None,
        cache_stats=_counts(as_object(response).get("cache_stats")),
    )


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


def _without_idle_tracks(words: Json) -> Json:
    """Return the words; without `tracks` unless the answer is a compilation, where they serve."""
    if words["kind"] == AnswerKind.COMPILATION or not words.get("tracks"):
        return words
    return {key: value for key, value in words.items() if key != "tracks"}


def _without_unstorable(library_id: int, words: Json) -> Answer:
    storable, unstorable = without_unstorable(words)
    tracks = storable.get("tracks")
    if unstorable and isinstance(tracks, list):
        storable["tracks"] = _without_poisoned(cast(list[Any], tracks), unstorable)
    return Answer(library_id, AnswerKind(words["kind"]), storable, unstorable)


def _without_poisoned(tracks: list[Any], unstorable: Json) -> list[Any]:
    # A nulled title would join another credit: the key is (artist_name, track_title), NULLs equal.
    poisoned = {place.partition("]")[0] for place in unstorable if place.startswith("tracks[")}
    return [track for index, track in enumerate(tracks) if f"tracks[{index}" not in poisoned]


def _counts(stats: Any) -> dict[str, float]:
    return {key: value for key, value in as_object(stats).items() if is_count(value)}
