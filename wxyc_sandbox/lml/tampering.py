"""Answers of the right shape with wrong contents."""

from copy import deepcopy
from typing import Any

from wxyc_sandbox.lml.calls import RouteName
from wxyc_sandbox.lml.faults import Fault, Poison
from wxyc_sandbox.lml.wire import Json

FOREIGN = 10_000_000
"""Offset that turns an id into one that was not requested."""

ID_KEYS = {"resolve": "library_id", "refresh": "identity_id", "lookup_bulk": "index"}

TEXT: dict[Poison, str | None] = {
    "nul": "Stereo\x00lab",
    "surrogate": "Stereo\ud800lab",
    "long_text": "Stereolab" * 300,
    "null_external_id": None,
}
CONFIDENCE: dict[Poison, float] = {"confidence_too_high": 1.7, "nan": float("nan")}
STATUS: dict[Poison, str] = {"unknown_status": "resting", "error_status": "error"}


def tamper(payload: Json, fault: Fault, route: RouteName) -> Json:
    """Return the payload after the fault, unchanged for faults that do not affect results."""
    results: list[Json] = deepcopy(payload.get("results") or [])
    match fault.kind:
        case _ if "results" not in payload:
            return payload
        case "results_missing":
            return {key: value for key, value in payload.items() if key != "results"}
        case "results_null":
            return payload | {"results": None}
        case "reordered":
            results.reverse()
        case "short" | "surplus" | "duplicated" | "foreign" | "poison" if results:
            _tamper_results(results, fault, route)
        case _:
            return payload
    return payload | {"results": results}


def answered_ids(payload: Json, route: RouteName) -> set[int]:
    """Return the ids of the rows that a payload answers, for routes whose results name them."""
    if route not in ("resolve", "refresh"):
        return set()
    key = ID_KEYS[route]
    return {result.get(key) for result in payload.get("results") or ()}


def _tamper_results(results: list[Json], fault: Fault, route: RouteName) -> None:
    for at in reversed(_targets(results, fault, route)):
        match fault.kind:
            case "short":
                del results[at]
            case "surplus":
                results.append(deepcopy(results[at]))
            case "duplicated":
                results[at] = deepcopy(results[at - 1])
            case "foreign":
                _set_id(results[at], route, _id(results[at], route) + FOREIGN)
            case _:
                assert fault.poison is not None
                _poison(results[at], fault.poison)


def _targets(results: list[Json], fault: Fault, route: RouteName) -> list[int]:
    rows = fault.rows
    if rows is None:
        return [len(results) - 1]
    return [at for at, result in enumerate(results) if _id(result, route) in rows]


def _id(result: Json, route: RouteName) -> int:
    return result["library_item"]["id"] if route == "lookup" else result[ID_KEYS[route]]


def _set_id(result: Json, route: RouteName, row: int) -> None:
    if route == "lookup":
        result["library_item"]["id"] = row
    else:
        result[ID_KEYS[route]] = row


def _poison(result: Json, poison: Poison) -> None:
    """Replace every value of the poison's type in sources, tracks and artwork."""
    entries: list[Json] = [*(result.get("provenance") or ()), *(result.get("tracks") or ())]
    if poison in TEXT:
        for entry in entries:
            _overwrite(entry, ("external_id", "resolved_artist_name"), TEXT[poison])
        _overwrite(result.get("artwork"), ("artwork_url", "artist"), TEXT[poison])
    if poison in CONFIDENCE:
        for entry in (result, result.get("artwork"), *entries):
            _overwrite(entry, ("confidence",), CONFIDENCE[poison])
    if poison in STATUS:
        _overwrite(result, ("status",), STATUS[poison])


def _overwrite(values: Json | None, keys: tuple[str, ...], value: Any) -> None:
    for key in keys:
        if values and key in values:
            values[key] = value
