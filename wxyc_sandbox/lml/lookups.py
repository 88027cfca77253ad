"""POST /api/v1/lookup and POST /api/v1/lookup/bulk"""

import asyncio
from typing import Any, cast

from wxyc_sandbox.lml.calls import Call, now
from wxyc_sandbox.lml.catalogue import Catalogue
from wxyc_sandbox.lml.chance import Chance, fold
from wxyc_sandbox.lml.discogs import DiscogsModel
from wxyc_sandbox.lml.findings import nothing, shaped, unshelved
from wxyc_sandbox.lml.wire import Json, Refusal, as_object

MAX_ITEMS = 100
BUDGET_CAP_MS = 4000
LIVE_PER_MILLE = 50
"""One lookup in twenty costs a Discogs request; the others are cache reads."""

TEXTS = ("artist", "album", "song", "raw_message")
SWITCHES = ("extended", "warm_cache")


class Lookup:
    def __init__(self, catalogue: Catalogue, discogs: DiscogsModel) -> None:
        self._catalogue = catalogue
        self._discogs = discogs

    def rows(self, payload: Any) -> list[int]:
        if not _is_lookup(payload):
            return []
        found = self._catalogue.find(payload.get("artist") or "", payload.get("album") or "")
        return [row.legacy_release_id for row in found]

    async def answer(self, call: Call) -> Json:
        if not _is_lookup(call.payload):
            raise Refusal(422, "The request does not validate.", code="validation_error")
        return await self.find(call.payload, call)

    async def find(self, wanted: Json, call: Call) -> Json:
        """One lookup's answer; its time is added to the call's."""
        artist: str = wanted.get("artist") or ""
        album: str = wanted.get("album") or ""
        chance = Chance(call.settings.seed, "lookup", fold(artist), fold(album))
        live = chance.happens(LIVE_PER_MILLE)
        if live and call.settings.breaker != "closed":
            call.service_seconds += call.settings.lookup_latency_seconds
            return nothing()
        if not await self._searched(call, live):
            return nothing(timeout=True)
        shelved = self._catalogue.find(artist, album)
        return shaped(shelved, chance) if shelved else unshelved(artist, album, chance)

    async def _searched(self, call: Call, live: bool) -> bool:
        """Whether the search came to an end in time."""
        cap = _cap_seconds(call)
        latency = call.settings.lookup_latency_seconds
        waited = await self._wait_for_discogs(call.worker, cap - latency) if live else 0.0
        call.service_seconds += min(cap, waited + latency)
        return waited + latency <= cap

    async def _wait_for_discogs(self, worker: int, seconds: float) -> float:
        began = now()
        try:
            async with asyncio.timeout(seconds):
                await self._discogs.request(1, worker)
        except TimeoutError:
            return float("inf")
        return now() - began


class LookupBulk:
    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def rows(self, payload: Any) -> list[int]:
        items: Any = as_object(payload).get("items")
        if not isinstance(items, list):
            return []
        return [row for item in cast(list[Any], items) for row in self._lookup.rows(item)]

    async def answer(self, call: Call) -> Json:
        items = _checked(call.payload)
        call.service_seconds = call.settings.base_latency_seconds
        return {"results": [await self._item(at, item, call) for at, item in enumerate(items)]}

    async def _item(self, index: int, item: Json, call: Call) -> Json:
        lookup = await self._lookup.find(item, call)
        status = "match" if lookup["results"] else "no_match"
        return {"index": index, "status": status, "lookup": lookup, "message": None}


def _cap_seconds(call: Call) -> float:
    budget = call.request.header(b"x-caller-budget-ms")
    if budget is None or not budget.isdigit():
        return call.settings.lookup_cap_seconds
    return min(int(budget), BUDGET_CAP_MS) / 1000


def _checked(payload: Any) -> list[Json]:
    items: Any = as_object(payload).get("items")
    if isinstance(items, list) and len(cast(list[Any], items)) > MAX_ITEMS:
        raise Refusal(400, f"At most {MAX_ITEMS} items.")
    if not isinstance(items, list) or not items or not all(map(_is_lookup, cast(Any, items))):
        raise Refusal(422, "`items` does not validate.", code="validation_error")
    return cast(list[Json], items)


def _is_lookup(payload: Any) -> bool:
    body = as_object(payload)
    return (
        body is payload
        and all(type(body.get(key)) in (str, type(None)) for key in TEXTS)
        and all(type(body.get(key)) in (bool, type(None)) for key in SWITCHES)
    )
