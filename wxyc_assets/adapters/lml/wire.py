"""JSON to and from LML: bodies parsed, values read one by one, documents for JSONB columns."""

import json
from collections import Counter
from typing import Any, cast

import orjson

Json = dict[str, Any]


LARGEST_COUNT = 1 << 53


class NotAnAnswer(ValueError):
    """A body that is not a response of the expected shape."""


def parse(body: bytes) -> Any:
    """Return the JSON of a body; raise NotAnAnswer, also for an object that repeats a key."""
    try:
        return parse_strictly(body)
    except orjson.JSONDecodeError:
        return parse_leniently(body)


def parse_strictly(body: bytes) -> Any:
    """Return the JSON of a body; raise as `parse` does, and JSONDecodeError for what is no JSON."""
    value = orjson.loads(body)
    if _is_written_as(value, body):
        return value
    del value  # two of them at a time could be too large
    return parse_leniently(body)


def _is_written_as(value: Any, body: bytes) -> bool:
    """Return True for a body that is what we would write ourselves, and so repeats no key."""
    try:
        return orjson.dumps(value) == body
    except orjson.JSONEncodeError:  # nested too deeply, or an integer beyond 64 bits
        return False


def parse_leniently(body: bytes) -> Any:
    """Return the JSON of a body that may hold NaN, infinity or lone surrogates."""
    try:
        # As UTF-8 and strictly: json.loads would guess UTF-16, and let raw surrogates pass.
        return json.loads(body.decode("utf-8-sig"), object_pairs_hook=_object)
    except NotAnAnswer:
        raise
    except (ValueError, RecursionError) as error:
        start = body[:80].decode("utf-8", "backslashreplace")
        raise NotAnAnswer(f"the body is not JSON ({error}); it begins {start!r}") from None


def _object(members: list[tuple[str, Any]]) -> Json:
    """Return an object; raise NotAnAnswer for a key that appears twice, with two meanings."""
    value = dict(members)
    if len(value) < len(members):
        counts = Counter(key for key, _ in members)
        raise NotAnAnswer(f"an object repeats the key {counts.most_common(1)[0][0]!a:.60}")
    return value


def dump(value: Any) -> bytes:
    """Return JSON for a JSONB column, also of integers beyond 64 bits."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


def load(document: str | bytes) -> Any:
    """Return the value of a JSONB column; an integer beyond 64 bits may become a float."""
    try:
        return orjson.loads(document)
    except orjson.JSONDecodeError:  # a number beyond the largest float
        return json.loads(document)


def results_of(response: Any) -> list[Any]:
    """Return the list `results` of a response; raise NotAnAnswer without one."""
    results = as_object(response).get("results")
    if not isinstance(results, list):
        raise NotAnAnswer(f"`results` is {_shape(results)}, not a list")
    return cast(list[Any], results)


def as_object(value: Any) -> Json:
    """Return a JSON object, an empty one in place of anything else."""
    return cast(Json, value) if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a JSON array, an empty one in place of anything else."""
    return cast(list[Any], value) if isinstance(value, list) else []


def as_text(value: Any) -> str | None:
    """Return a string, or None in place of anything else."""
    return value if isinstance(value, str) else None


def as_integer(value: Any) -> int | None:
    """Return an integer, or None in place of anything else."""
    return value if type(value) is int else None


def is_count(value: Any) -> bool:
    """Return True for a number of 0 to 2**53, which sums, spans and metadata can hold."""
    return type(value) in (int, float) and 0 <= value <= LARGEST_COUNT


def _shape(value: Any) -> str:
    return "missing or null" if value is None else f"a {type(value).__name__}"
