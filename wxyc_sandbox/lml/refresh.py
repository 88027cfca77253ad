"""POST /api/v1/cache/refresh-for-identities"""

from typing import Any, cast

from wxyc_sandbox.lml.calls import LmlCall, now
from wxyc_sandbox.lml.discogs import DiscogsModel, Outcome
from wxyc_sandbox.lml.seeded_random import SeededRandom
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.lml.wire import HttpError, Json, as_object

MAX_IDENTITIES = 50
ARTIST_ERROR_PER_MILLE = 30

STATUSES = (
    *("warmed",) * 191,
    *("not_found",) * 1,
    *("not_implemented",) * 4,
    *("error",) * 4,
)
NOT_WIRED: Json = {"release_outcome": "not_implemented", "artists": [], "message": "not wired"}


class RefreshEndpoint:
    """POST /api/v1/cache/refresh-for-identities"""

    def __init__(self, discogs: DiscogsModel) -> None:
        self._discogs = discogs
        self._warm: set[int] = set()

    def rows(self, payload: Any) -> list[int]:
        try:
            return list(payload["identity_ids"])
        except (TypeError, KeyError):
            return []

    async def answer(self, call: LmlCall) -> Json:
        identity_ids = _valid_identity_ids(call.payload)
        if not call.settings.database_up:
            raise HttpError(503, "Entity store is not available.")
        results = [await self._refresh(identity_id, call) for identity_id in identity_ids]
        call.service_seconds = now() - call.started + call.settings.base_latency_seconds
        return {"results": results}

    async def _refresh(self, identity_id: int, call: LmlCall) -> Json:
        random = SeededRandom(call.settings.seed, "identity", identity_id)
        was_warm = random.below(1_000_000) < call.settings.warm_share * 1_000_000
        warm = was_warm or identity_id in self._warm
        match random.pick(STATUSES):
            case "not_found":
                return _result(identity_id, "not_found", None, "no such identity")
            case "not_implemented":
                return _result(identity_id, "not_implemented", {"musicbrainz": NOT_WIRED}, None)
            case "warmed":
                return await self._warmed(identity_id, random, call, warm)
            case _:
                outcome = await self._discogs.request(0 if warm else 1, call.worker, call)
                return _failed(identity_id, outcome)

    async def _warmed(
        self, identity_id: int, random: SeededRandom, call: LmlCall, warm: bool
    ) -> Json:
        artists = _artists(random, call.settings)
        outcome = await self._discogs.request(0 if warm else 1 + len(artists), call.worker, call)
        if outcome != "served":
            return _failed(identity_id, outcome)
        self._warm.add(identity_id)
        discogs = {"release_outcome": "success", "artists": artists, "message": None}
        sources = {"discogs": discogs, "musicbrainz": NOT_WIRED}
        return _result(identity_id, "warmed", sources, None)


FAILURES: dict[Outcome, str] = {
    "served": "Discogs answered 500",
    "refused": "Discogs answered 429",
    "shed": "the Discogs breaker is not closed",
}


def _failed(identity_id: int, outcome: Outcome) -> Json:
    message = FAILURES[outcome]
    discogs: Json = {"release_outcome": "error", "artists": [], "message": message}
    return _result(identity_id, "error", {"discogs": discogs}, message)


def _artists(random: SeededRandom, settings: LmlSettings) -> list[Json]:
    """Return `artists_per_release` artists on average."""
    number = 1 + random.below(max(1, 2 * settings.artists_per_release - 1))
    return [_artist(random) for _ in range(number)]


def _artist(random: SeededRandom) -> Json:
    failed = random.happens(ARTIST_ERROR_PER_MILLE)
    return {
        "external_id": str(1 + random.below(9_000_000)),
        "outcome": "error" if failed else "success",
        "message": "Discogs answered 404" if failed else None,
    }


def _result(identity_id: int, status: str, sources: Json | None, message: str | None) -> Json:
    return {"identity_id": identity_id, "status": status, "sources": sources, "message": message}


def _valid_identity_ids(payload: Any) -> list[int]:
    identity_ids: Any = as_object(payload).get("identity_ids")
    if not isinstance(identity_ids, list) or not identity_ids:
        raise HttpError(422, "`identity_ids` must not be empty.", code="validation_error")
    if not all(type(identity_id) is int for identity_id in cast(list[Any], identity_ids)):
        raise HttpError(422, "`identity_ids` must be integers.", code="validation_error")
    if len(cast(list[int], identity_ids)) > MAX_IDENTITIES:
        raise HttpError(400, f"At most {MAX_IDENTITIES} identities per call.")
    return cast(list[int], identity_ids)
