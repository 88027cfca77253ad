"""LML's words on the wire: what we trust of a bulk-resolve answer, made fit for a JSONB column.

The contract keeps the order but does not promise the count, so an answer is taken by its id: a
foreign or repeated one is dropped, and what it left unanswered is named.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import orjson

KINDS = ("single_artist", "compilation", "unresolved")
TRACKS_CONTRACT_VERSION = 1
NUL = rb"\u0000"

Json = dict[str, Any]


class NotAnAnswer(ValueError):
    """A body that is not a bulk-resolve response."""


@dataclass(frozen=True, slots=True)
class Answer:
    """LML's answer about one library row, word for word but for what JSONB cannot hold."""

    library_id: int
    kind: str
    words: Json
    unstorable: Json = field(default_factory=dict[str, Any])
    """What was taken out, escaped, by its place: `{"provenance[1].external_id": "'a\\\\x00'"}`."""

    @property
    def is_poisoned(self) -> bool:
        """Whether something was lost that is neither a provenance nor a track entry."""
        return any(not place.startswith(("provenance[", "tracks[")) for place in self.unstorable)

    @property
    def null_confidences(self) -> int:
        """Provenance entries of an identity that nobody vouches for; they cannot be written."""
        if self.kind != "single_artist" or not isinstance(self.words.get("provenance"), list):
            return 0
        return sum(_member(each, "confidence") is None for each in self.words["provenance"])

    def is_matched(self, tracks_contract_version: int | None) -> bool:
        """Whether LML's matcher has visited this compilation; tracks beside a false say it has."""
        if self.kind != "compilation" or tracks_contract_version != TRACKS_CONTRACT_VERSION:
            return False
        was_attempted = self.words.get("tracks_attempted") is True
        lost_tracks = any(place.startswith("tracks[") for place in self.unstorable)
        return was_attempted or lost_tracks or bool(self.words.get("tracks"))


@dataclass(frozen=True, slots=True)
class Answers:
    """A bulk-resolve response, row by row."""

    answered: tuple[Answer, ...]
    malformed: frozenset[int] = frozenset()
    """Asked ids whose result has no kind that the contract knows."""
    unanswered: frozenset[int] = frozenset()
    untrusted: int = 0
    """Results that were foreign or repeated, and so dropped."""
    tracks_contract_version: int | None = None
    cache_stats: dict[str, float] = field(default_factory=dict[str, float])


def parse(body: bytes) -> Any:
    """The JSON of a body; raises NotAnAnswer."""
    return _parsed(body)[0]


def dump(value: Any) -> bytes:
    """JSON for a JSONB column; of numbers beyond 64 bits, too."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


def _parsed(body: bytes) -> tuple[Any, bool]:
    """The JSON of a body, and whether all of it fits JSONB."""
    try:
        return orjson.loads(body), NUL not in body
    except orjson.JSONDecodeError:  # strict: it takes no lone surrogate, NaN or infinity
        return _leniently_parsed(body), False


def _leniently_parsed(body: bytes) -> Any:
    try:
        # As UTF-8 and strictly: json.loads would guess UTF-16, and let raw surrogates pass.
        return json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        start = body[:80].decode("utf-8", "backslashreplace")
        raise NotAnAnswer(f"the body is not JSON ({error}); it begins {start!r}") from None


def read_answers(body: bytes, asked: Sequence[int]) -> Answers:
    """What a response says about the asked ids; raises NotAnAnswer when it has no `results`."""
    response, is_clean = _parsed(body)
    results = _member(response, "results")
    if not isinstance(results, list):
        raise NotAnAnswer(f"`results` is {_shape(results)}, not a list")
    by_id, untrusted = _by_id(cast(list[Any], results), frozenset(asked))
    well_formed = {i: words for i, words in by_id.items() if words.get("kind") in KINDS}
    version = _member(response, "tracks_contract_version")
    wrap = _as_it_is if is_clean else _storable
    try:
        answered = tuple(wrap(library_id, words) for library_id, words in well_formed.items())
    except RecursionError:
        raise NotAnAnswer("`results` is nested too deeply") from None
    return Answers(
        answered=answered,
        malformed=frozenset(by_id.keys() - well_formed.keys()),
        unanswered=frozenset(asked) - by_id.keys(),
        untrusted=untrusted,
        tracks_contract_version=version if type(version) is int and 0 <= version < 100 else None,
        cache_stats=_numbers(_member(response, "cache_stats")),
    )


def _by_id(results: Iterable[Any], asked: frozenset[int]) -> tuple[dict[int, Json], int]:
    found: dict[int, Json] = {}
    untrusted = 0
    for result in results:
        library_id = _member(result, "library_id")
        if type(library_id) is int and library_id in asked and library_id not in found:
            found[library_id] = result
        else:
            untrusted += 1
    return found, untrusted


def _as_it_is(library_id: int, words: Json) -> Answer:
    return Answer(library_id, words["kind"], words)


def _storable(library_id: int, words: Json) -> Answer:
    unstorable: Json = {}
    storable = {key: _clean(value, key, unstorable) for key, value in words.items()}
    tracks = storable.get("tracks")
    if unstorable and isinstance(tracks, list):
        storable["tracks"] = _without_poisoned(cast(list[Any], tracks), unstorable)
    return Answer(library_id, words["kind"], storable, unstorable)


def _clean(value: Any, place: str, unstorable: Json) -> Any:
    """The value with every unstorable leaf replaced by null and noted in `unstorable`."""
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


def _member(value: Any, key: str) -> Any:
    return cast(Json, value).get(key) if isinstance(value, dict) else None


def _shape(value: Any) -> str:
    return "missing or null" if value is None else f"a {type(value).__name__}"


def _numbers(stats: Any) -> dict[str, float]:
    if not isinstance(stats, dict):
        return {}
    members = cast(Json, stats).items()
    return {key: value for key, value in members if type(value) in (int, float)}
