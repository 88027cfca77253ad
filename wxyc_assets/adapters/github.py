"""GitHub's compare API: how one commit of LML relates to another."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx

from wxyc_assets.adapters.responses import excerpt
from wxyc_assets.telemetry.redaction import Redaction

COMPARE = "/repos/WXYC/library-metadata-lookup/compare"
COMPARE_SECONDS = 15.0


class CompareFailed(Exception):
    """The compare API did not return a comparison."""


class CommitComparison:
    """GitHub's compare API, or a server that speaks like it."""

    def __init__(self, http: httpx.AsyncClient, redaction: Redaction) -> None:
        self._http = http
        self._redaction = redaction

    async def relation(self, commit: str, *, base: str) -> str:
        """Return how `commit` relates to `base`, such as `ahead` or `diverged`.

        Raises CompareFailed.
        """
        try:
            async with asyncio.timeout(COMPARE_SECONDS):
                response = await self._http.get(f"{COMPARE}/{base}...{commit}")
            comparison: Any = response.json() if response.status_code == 200 else None
        except TimeoutError:
            raise CompareFailed(f"no answer within {COMPARE_SECONDS:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise CompareFailed(self._redaction.text(repr(error))) from None
        if not isinstance(comparison, dict):
            raise CompareFailed(f"HTTP {response.status_code} {excerpt(response)!r}")
        return self._redaction.text(str(cast(dict[str, Any], comparison).get("status")))


@asynccontextmanager
async def open_github(
    url: str, *, token: str | None, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncGenerator[CommitComparison]:
    """Open the compare API at `url`; `transport` is the test seam."""
    headers = {"Accept": "application/vnd.github+json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    async with httpx.AsyncClient(
        base_url=url.rstrip("/"),
        headers=headers,
        timeout=COMPARE_SECONDS,
        follow_redirects=True,
        transport=transport,
    ) as http:
        yield CommitComparison(http, Redaction([token] if token else ()))
