"""LML, the library-metadata-lookup service.

LmlError
├── LmlUnavailable          no answer, or "later, please": trying again may help
│   └── LmlUnreachable      no connection at all
└── LmlRefused              a no that stays a no
    ├── LmlRejectedBatch    the no is about what was asked (413, 422): a smaller batch may pass
    └── LmlContractBroken   a 200 that the contract does not allow
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

import httpx

from wxyc_assets.adapters.lml import bulk_resolve as lml_wire
from wxyc_assets.adapters.lml import lookup as lml_lookup
from wxyc_assets.adapters.lml import refresh as lml_refresh
from wxyc_assets.adapters.lml import tracing as lml_trace
from wxyc_assets.adapters.lml.bulk_resolve import Answers
from wxyc_assets.adapters.lml.lookup import Health
from wxyc_assets.domain.artwork import Found
from wxyc_assets.domain.candidates import Candidate
from wxyc_assets.domain.refreshes import Refreshed
from wxyc_assets.telemetry.redaction import Redaction

RESOLVE = "/api/v1/identity/bulk-resolve-libraries"
LOOKUP = "/api/v1/lookup"
REFRESH = "/api/v1/cache/refresh-for-identities"
HEALTH = "/health"
BATCH_TRAFFIC = {"X-Caller-Class": "5", "X-Caller-Reason": "library_artwork"}
TOKENS_A_LOOKUP = 1 / 20
TOKENS_A_REFRESHED_ID = 4
LOOKUP_SECONDS = 30.0
REFRESH_SECONDS = 360.0
PROBE_SECONDS = 10.0
QUOTED_CHARACTERS = 200
LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
ABOUT_THE_BATCH = frozenset({413, 422})


class LmlError(Exception):
    """Anything that goes wrong between us and LML."""


class LmlUnavailable(LmlError):
    """LML did not answer, or asked us to come back later."""

    def __init__(
        self, message: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        """Seconds that LML asked us to wait."""


class LmlUnreachable(LmlUnavailable):
    """There is no connection to LML: wrong address, or nobody listens."""


class LmlRefused(LmlError):
    """LML understood the request and said no."""


class LmlRejectedBatch(LmlRefused):
    """LML said no to what this batch holds."""


class LmlContractBroken(LmlRefused):
    """LML answered outside its own contract."""


class Budget(Protocol):
    """Admits requests to LML."""

    def admit(self, tokens: float) -> AbstractAsyncContextManager[None]:
        """Wait for `tokens` (estimated Discogs requests), then for a slot; hold it meanwhile."""
        ...


@dataclass(frozen=True, slots=True)
class ResolveResult:
    """One bulk-resolve call: its answers, and LML's time for it in milliseconds."""

    answers: Answers
    latency_ms: float


@dataclass(frozen=True, slots=True)
class LookupResult:
    """One lookup: what it found, and LML's time for it in milliseconds."""

    found: Found
    latency_ms: float


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """One refresh call: its results by identity, and LML's time for it in milliseconds."""

    results: dict[int, Refreshed]
    latency_ms: float


class LmlClient:
    """A thin client; every call waits for the shared budget and is bounded as a whole."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        budget: Budget,
        *,
        timeout_seconds: float,
        lookup_seconds: float = LOOKUP_SECONDS,
    ) -> None:
        self._http = http
        self._budget = budget
        self._timeout_seconds = timeout_seconds
        self._lookup_seconds = lookup_seconds

    async def resolve(self, candidates: Sequence[Candidate]) -> ResolveResult:
        """LML's answers about 1..1000 library rows.

        Raises LmlUnavailable, LmlRefused and, for a 200 without usable results, LmlContractBroken.
        """
        payload = {"inputs": [_input(each) for each in candidates], "include_tracks": True}
        async with self._budget.admit(tokens=0):
            started = asyncio.get_running_loop().time()
            body = _judged(await self._send("POST", RESOLVE, self._timeout_seconds, payload))
            latency_ms = (asyncio.get_running_loop().time() - started) * 1000
        try:
            answers = lml_wire.read_answers(body, [each.library_id for each in candidates])
        except lml_wire.NotAnAnswer as error:
            raise LmlContractBroken(f"POST {RESOLVE}: {error}") from None
        return ResolveResult(answers, latency_ms)

    async def lookup(self, artist: str, album: str) -> LookupResult:
        """What LML finds for an album; raises as `resolve` does."""
        payload = {"artist": artist, "album": album}
        async with self._budget.admit(tokens=TOKENS_A_LOOKUP):
            started = asyncio.get_running_loop().time()
            response = await self._send(
                "POST", LOOKUP, self._lookup_seconds, payload, BATCH_TRAFFIC
            )
            latency_ms = (asyncio.get_running_loop().time() - started) * 1000
        try:
            return LookupResult(lml_lookup.read_lookup(_judged(response)), latency_ms)
        except lml_wire.NotAnAnswer as error:
            raise LmlContractBroken(f"POST {LOOKUP}: {error}") from None

    async def refresh(self, identity_ids: Sequence[int]) -> RefreshResult:
        """Makes LML fetch anew what it knows of 1..50 identities; raises as `resolve` does."""
        payload = {"identity_ids": list(identity_ids)}
        async with self._budget.admit(tokens=TOKENS_A_REFRESHED_ID * len(identity_ids)):
            started = asyncio.get_running_loop().time()
            response = await self._send("POST", REFRESH, REFRESH_SECONDS, payload)
            latency_ms = (asyncio.get_running_loop().time() - started) * 1000
        try:
            results = lml_refresh.read_refreshed(_judged(response), identity_ids)
        except lml_wire.NotAnAnswer as error:
            raise LmlContractBroken(f"POST {REFRESH}: {error}") from None
        return RefreshResult(results, latency_ms)

    async def probe_refresh(self) -> int:
        """The HTTP status of a refresh of nothing, which changes nothing; raises LmlUnavailable."""
        async with self._budget.admit(tokens=0):
            response = await self._send("POST", REFRESH, PROBE_SECONDS, {"identity_ids": []})
        return response.status_code

    async def health(self, timeout_seconds: float = LOOKUP_SECONDS) -> Health:
        """What LML says about itself, also when it is ill; raises LmlError.

        With a closed breaker LML asks Discogs once: ask at most every 30 s (LML's contract).
        """
        async with self._budget.admit(tokens=1):
            response = await self._send("GET", HEALTH, timeout_seconds)
        body = response.content if response.status_code == 503 else _judged(response)
        try:
            return lml_lookup.read_health(body)
        except lml_wire.NotAnAnswer as error:
            raise LmlContractBroken(f"GET {HEALTH}: {error}") from None

    async def _send(
        self,
        method: str,
        path: str,
        seconds: float,
        payload: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        try:
            # httpx's own timeout starts anew with every byte; this one is for the whole call.
            async with asyncio.timeout(seconds):
                with lml_trace.traced(method, path, payload) as call:
                    response = await self._http.request(
                        method, path, json=payload, headers={**(headers or {}), **call.headers}
                    )
                    call.answered(response)
                    return response
        except TimeoutError:
            raise LmlUnavailable(f"{method} {path}: no whole answer within {seconds:g} s") from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
            raise LmlUnreachable(
                f"LML cannot be reached at {self._http.base_url}: {error!r}. "
                "Is LIBRARY_METADATA_URL right, and is LML up?"
            ) from error
        except httpx.HTTPError as error:
            raise LmlUnavailable(f"{method} {path}: {error!r}") from error


def quoted(response: httpx.Response) -> str:
    """How an answer begins, for people; an error page may repeat the key that it was sent."""
    key = response.request.headers.get("Authorization", "").removeprefix("Bearer ")
    return Redaction([key]).text(response.text)[:QUOTED_CHARACTERS]


def _judged(response: httpx.Response) -> bytes:
    status = response.status_code
    if status == 200:
        return response.content
    request = response.request
    said = f"{request.method} {request.url.path}: HTTP {status} {quoted(response)!r}"
    if status in LATER:
        raise LmlUnavailable(said, status=status, retry_after=_retry_after(response))
    if status in ABOUT_THE_BATCH:
        raise LmlRejectedBatch(said)
    raise LmlRefused(said + _ADVICE.get(status, ""))


_ADVICE = {
    401: ". Set LML_API_KEY.",
    403: ". LML_API_KEY is wrong, rotated or revoked.",
    404: ". Is LIBRARY_METADATA_URL the address of LML?",
}


def _retry_after(response: httpx.Response) -> float | None:
    header = response.headers.get("Retry-After", "")
    if header.isdecimal():
        return float(header)
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())


def _input(candidate: Candidate) -> dict[str, int | str]:
    return {
        "library_id": candidate.library_id,
        "artist_name": candidate.artist_name,
        "album_title": candidate.album_title,
        "legacy_release_id": candidate.legacy_release_id,
    }


@asynccontextmanager
async def open_lml(
    url: str,
    *,
    api_key: str | None,
    budget: Budget,
    timeout_seconds: float,
    lookup_seconds: float = LOOKUP_SECONDS,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncGenerator[LmlClient]:
    """LML at `url`; a trailing `/` or `/api/v1` of it is dropped. `transport` is the test seam."""
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    base_url = url.rstrip("/").removesuffix("/api/v1")
    async with httpx.AsyncClient(
        base_url=base_url, headers=headers, timeout=timeout_seconds, transport=transport
    ) as http:
        yield LmlClient(
            http, budget, timeout_seconds=timeout_seconds, lookup_seconds=lookup_seconds
        )
