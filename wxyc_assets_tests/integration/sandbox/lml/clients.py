"""Plain httpx clients of a pretend LML, without the project's own adapter."""

from typing import Any

import httpx

from wxyc_sandbox.lml.app import PretendLml
from wxyc_sandbox.lml.settings import LmlSettings

RESOLVE = "/api/v1/identity/bulk-resolve-libraries"
LOOKUP = "/api/v1/lookup"
LOOKUP_BULK = "/api/v1/lookup/bulk"
REFRESH = "/api/v1/cache/refresh-for-identities"

AT_ONCE = LmlSettings(
    base_latency_seconds=0,
    row_latency_seconds=0,
    lookup_latency_seconds=0,
    discogs_per_worker_per_minute=0,
)


def client(lml: PretendLml) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=lml), base_url="http://lml")


async def post(lml: PretendLml, path: str, payload: Any, **headers: str) -> httpx.Response:
    async with client(lml) as http:
        return await http.post(path, json=payload, headers=headers)


async def get(lml: PretendLml, path: str) -> httpx.Response:
    async with client(lml) as http:
        return await http.get(path)


def row(library_id: int, artist: str | None = None) -> dict[str, Any]:
    return {
        "library_id": library_id,
        "artist_name": f"Artist {library_id}" if artist is None else artist,
        "album_title": f"Album {library_id}",
    }


def batch(*library_ids: int, **more: Any) -> dict[str, Any]:
    return {"inputs": [row(library_id) for library_id in library_ids]} | more


async def resolved(lml: PretendLml, *rows: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = await post(lml, RESOLVE, {"inputs": list(rows)} | more)
    assert answer.status_code == 200
    return answer.json()["results"]


async def looked_up(lml: PretendLml, artist: str, album: str, **headers: str) -> dict[str, Any]:
    answer = await post(lml, LOOKUP, {"artist": artist, "album": album}, **headers)
    assert answer.status_code == 200
    return answer.json()
