"""POST /api/v1/identity/bulk-resolve-libraries"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

from wxyc_sandbox.credits import Credit
from wxyc_sandbox.lml.calls import LmlCall, RouteName
from wxyc_sandbox.lml.catalogue import VARIOUS, Catalogue
from wxyc_sandbox.lml.identities import identify
from wxyc_sandbox.lml.mistakes import Mistakes
from wxyc_sandbox.lml.seeded_random import fold
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.lml.tracks import NO_TRACKS, match_tracks
from wxyc_sandbox.lml.wire import HttpError, Json, as_object

MAX_INPUTS = 1000
NO_IDENTITY: Json = {"main": None, "method": None, "confidence": None, "provenance": []}
TRACKS_NOT_REQUESTED: Json = {"tracks_attempted": None, "tracks": None}

Credits = Callable[[int, int], Sequence[Credit]]
AnswerOverride = Callable[[Json], Json | None]


class ResolveEndpoint:
    """POST /api/v1/identity/bulk-resolve-libraries"""

    def __init__(
        self, catalogue: Catalogue, credits: Credits, answers: AnswerOverride | None
    ) -> None:
        self._catalogue = catalogue
        self._credits = credits
        self._answers = answers

    def rows(self, payload: Any) -> list[int]:
        try:
            return [row["library_id"] for row in payload["inputs"]]
        except (TypeError, KeyError):
            return []

    async def answer(self, call: LmlCall) -> Json:
        inputs, include_tracks = _valid_request(call.payload)
        settings = call.settings
        if not settings.database_up:
            raise HttpError(503, "Entity store is not available.")
        call.service_seconds = settings.base_latency_seconds + settings.row_latency_seconds * len(
            inputs
        )
        results: list[Json] = []
        for row in inputs:
            results.append(self._result(row, settings, include_tracks))
            await asyncio.sleep(0)  # so that other answers leave meanwhile
        return {
            "tracks_contract_version": settings.tracks_contract_version,
            "results": results,
            "cache_stats": _cache_stats(len(inputs)),
        }

    def _result(self, row: Json, settings: LmlSettings, include_tracks: bool) -> Json:
        override = self._answers(row) if self._answers else None
        return override or self._default_result(row, settings, include_tracks)

    def _default_result(self, row: Json, settings: LmlSettings, include_tracks: bool) -> Json:
        artist = fold(row["artist_name"])
        if artist.startswith(VARIOUS):
            tracks = self._tracks(row["library_id"], settings, include_tracks)
            return _result(row, "compilation", NO_IDENTITY, tracks)
        tracks = NO_TRACKS if include_tracks else TRACKS_NOT_REQUESTED
        mistakes = Mistakes(settings.seed, settings.mistakes, self._catalogue)
        single = identify(artist, mistakes, generation=settings.generation)
        if single is None:
            return _result(row, "unresolved", NO_IDENTITY, tracks)
        return _result(row, "single_artist", single, tracks)

    def _tracks(self, library_id: int, settings: LmlSettings, include_tracks: bool) -> Json:
        if not include_tracks:
            return TRACKS_NOT_REQUESTED
        if settings.tracks_contract_version is None:
            return NO_TRACKS
        credits = self._credits(library_id, settings.seed)
        return match_tracks(credits, library_id=library_id, seed=settings.seed)


def is_probe(route: RouteName, payload: Any) -> bool:
    """Return True for an empty batch, which asks about nothing: it is not counted."""
    return route == "resolve" and as_object(payload).get("inputs") == []


def _result(row: Json, kind: str, facts: Json, tracks: Json) -> Json:
    return {"kind": kind, "library_id": row["library_id"], **facts, **tracks}


def _valid_request(payload: Any) -> tuple[list[Json], bool]:
    if not isinstance(payload, dict):
        raise HttpError(400, "Request body must be a JSON object.")
    body = cast(Json, payload)
    inputs = body.get("inputs")
    if not isinstance(inputs, list):
        raise HttpError(422, "`inputs` must be a JSON array.", code="validation_error")
    rows = cast(list[Json], inputs)
    if len(rows) > MAX_INPUTS:
        raise HttpError(413, f"Batch exceeded the {MAX_INPUTS}-input cap (received {len(rows)}).")
    include_tracks = body.get("include_tracks")
    if not rows or not all(map(_is_input, rows)) or include_tracks not in (None, True, False):
        raise HttpError(422, "`inputs` does not validate.", code="validation_error")
    return rows, bool(include_tracks)


def _is_input(row: Json) -> bool:
    return (
        type(row) is dict
        and type(row.get("library_id")) is int
        and type(row.get("artist_name")) is str
        and type(row.get("album_title")) is str
        and type(row.get("legacy_release_id")) in (int, type(None))
    )


def _cache_stats(inputs: int) -> Json:
    return {
        "pg_hits": inputs - inputs // 10,
        "pg_misses": inputs // 10,
        "pg_time_ms": 0.85 * inputs,
        "api_calls": 0,
        "memory": {"hits": inputs // 3, "evictions": None},
        "breaker_wait_ms": None,
    }
