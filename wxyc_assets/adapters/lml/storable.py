"""LML's words as JSONB can hold them: the rest is taken out, and kept escaped by its place."""

import math
from typing import Any, cast

import orjson

from wxyc_assets.adapters.lml.wire import Json, NotAnAnswer, parse_leniently, parse_strictly

NUL = rb"\u0000"


def parse_for_jsonb(body: bytes) -> tuple[Any, bool]:
    """Return the JSON of a body, and True if JSONB can hold all of it; raise NotAnAnswer."""
    try:
        return parse_strictly(body), NUL not in body
    except orjson.JSONDecodeError:  # strict: it takes no lone surrogate, NaN or infinity
        return parse_leniently(body), False


def without_unstorable(words: Json) -> tuple[Json, Json]:
    """Return the words with null for what JSONB cannot hold, and that, escaped, by its place.

    Raises NotAnAnswer for words that are nested too deeply.
    """
    unstorable: Json = {}
    try:
        storable = {key: _clean(value, key, unstorable) for key, value in words.items()}
    except RecursionError:
        raise NotAnAnswer("the answer is nested too deeply") from None
    return storable, unstorable


def is_too_deep(value: Any) -> bool:
    """Return True for a value that is nested more deeply than orjson writes: 254 levels."""
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError as error:  # also for integers beyond 64 bits
        return "ecursion" in str(error)
    return False


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


def _fits_jsonb(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
