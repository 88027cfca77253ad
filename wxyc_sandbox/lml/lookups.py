"""POST /api/v1/lookup and POST /api/v1/lookup/bulk"""

import asyncio
from typing import Any, Literal, cast

from wxyc_sandbox.lml.calls import LmlCall, now
from wxyc_sandbox.lml.catalogue import Catalogue
from wxyc_sandbox.lml.discogs import DiscogsModel, Outcome
from wxyc_sandbox.lml.lookup_results import (
    answer_off_catalogue,
    catalogue_answer,
    no_results,
    with_api_calls,
)
from wxyc_sandbox.lml.mistakes import Mistakes
from wxyc_sandbox.lml.seeded_random import SeededRandom, fold
from wxyc_sandbox.lml.settings import LmlSettings
from wxyc_sandbox.lml.wire import HttpError, Json, as_object

MAX_ITEMS = 100
BUDGET_CAP_MS = 4000
FEWEST_REQUESTS, MOST_REQUESTS = 3, 7
"""Discogs requests of a lookup that is not cached: about five (docs/contracts/lml.md)."""

TEXTS = ("artist", "album", "song", "raw_message")
SWITCHES = ("extended", "warm_cache")


class LookupEndpoint:
    """POST /api/v1/lookup"""

    def __init__(self, catalogue: Catalogue, discogs: DiscogsModel) -> None:
        self._catalogue = catalogue
        self._discogs = discogs
        self._cached: set[tuple[str, str]] = set()

    def rows(self, payload: Any) -> list[int]:
        if not _is_lookup(payload):
            return []
        entries = self._catalogue.find(payload.get("artist") or "", payload.get("album") or "")
        return [row.legacy_release_id for row in entries]

    async def answer(self, call: LmlCall) -> Json:
        if not _is_lookup(call.payload):
            raise HttpError(422, "The request does not validate.", code="validation_error")
        return await self.find(call.payload, call)

    async def find(self, request: Json, call: LmlCall) -> Json:
        """Return the answer of one lookup; add its time to the call's service time."""
        artist: str = request.get("artist") or ""
        album: str = request.get("album") or ""
        random = SeededRandom(call.settings.seed, "lookup", fold(artist), fold(album))
        requests = self._requests(call.settings, (fold(artist), fold(album)), random)
        before = call.api_calls
        match await self._search(call, requests):
            case "timeout":
                answer = no_results(timeout=True)
            case "shed":
                answer = no_results()
            case "refused":
                answer = no_results(degraded=True, degraded_reason="discogs_rate_limited")
            case "served":
                self._cached.add((fold(artist), fold(album)))
                answer = self._results(call.settings, artist, album, random)
        return with_api_calls(answer, call.api_calls - before)

    def _requests(self, settings: LmlSettings, album: tuple[str, str], random: SeededRandom) -> int:
        """Return how many Discogs requests a lookup of an album takes."""
        is_live = random.below(1_000_000) < settings.lookup_live_share * 1_000_000
        if not is_live or album in self._cached:
            return 0
        spread = SeededRandom(settings.seed, "lookup requests", *album)
        return FEWEST_REQUESTS + spread.below(MOST_REQUESTS - FEWEST_REQUESTS + 1)

    def _results(
        self, settings: LmlSettings, artist: str, album: str, random: SeededRandom
    ) -> Json:
        entries = self._catalogue.find(artist, album)
        if entries:
            mistakes = Mistakes(settings.seed, settings.mistakes, self._catalogue)
            return mistakes.covers(catalogue_answer(entries, random))
        return answer_off_catalogue(artist, album, random)

    async def _search(self, call: LmlCall, requests: int) -> Outcome | Literal["timeout"]:
        """Wait for Discogs within the cap, and add the time to the call's service time."""
        cap = _cap_seconds(call)
        latency = call.settings.lookup_latency_seconds
        began = now()
        try:
            async with asyncio.timeout(cap - latency):
                outcome = await self._discogs.request(requests, call.worker, call)
        except TimeoutError:
            call.service_seconds += cap
            return "timeout"
        waited = now() - began if requests else 0.0
        call.service_seconds += min(cap, waited + latency)
        return outcome if waited + latency <= cap else "timeout"


class BulkLookupEndpoint:
    """POST /api/v1/lookup/bulk"""

    def __init__(self, lookup: LookupEndpoint) -> None:
        self._lookup = lookup

    def rows(self, payload: Any) -> list[int]:
        items: Any = as_object(payload).get("items")
        if not isinstance(items, list):
            return []
        return [row for item in cast(list[Any], items) for row in self._lookup.rows(item)]

    async def answer(self, call: LmlCall) -> Json:
        items = _valid_items(call.payload)
        call.service_seconds = call.settings.base_latency_seconds
        return {"results": [await self._item(at, item, call) for at, item in enumerate(items)]}

    async def _item(self, index: int, item: Json, call: LmlCall) -> Json:
        lookup = await self._lookup.find(item, call)
        status = "match" if lookup["results"] else "no_match"
        return {"index": index, "status": status, "lookup": lookup, "message": None}


def _cap_seconds(call: LmlCall) -> float:
    budget = call.request.header(b"x-caller-budget-ms")
    if budget is None or not budget.isdigit():
        return call.settings.lookup_cap_seconds
    return min(int(budget), BUDGET_CAP_MS) / 1000


def _valid_items(payload: Any) -> list[Json]:
    items: Any = as_object(payload).get("items")
    if isinstance(items, list) and len(cast(list[Any], items)) > MAX_ITEMS:
        raise HttpError(400, f"At most {MAX_ITEMS} items.")
    if not isinstance(items, list) or not items or not all(map(_is_lookup, cast(Any, items))):
        raise HttpError(422, "`items` does not validate.", code="validation_error")
    return cast(list[Json], items)


def _is_lookup(payload: Any) -> bool:
    body = as_object(payload)
    return (
        body is payload
        and all(type(body.get(key)) in (str, type(None)) for key in TEXTS)
        and all(type(body.get(key)) in (bool, type(None)) for key in SWITCHES)
    )
