"""LML, the library-metadata-lookup service, over HTTP; `errors` lists what its calls raise."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Protocol

import httpx

from wxyc_assets.adapters.lml import bulk_resolve, tracing
from wxyc_assets.adapters.lml import health as health_endpoint
from wxyc_assets.adapters.lml import lookup as lookup_endpoint
from wxyc_assets.adapters.lml import refresh as refresh_endpoint
from wxyc_assets.adapters.lml.bulk_resolve import Answers
from wxyc_assets.adapters.lml.caller import CALLER_REASON, CallerReason
from wxyc_assets.adapters.lml.errors import (
    LmlContractBroken,
    LmlUnavailable,
    LmlUnreachable,
    raise_for_status,
)
from wxyc_assets.adapters.lml.health import Health
from wxyc_assets.adapters.lml.lookup import LookupAnswer
from wxyc_assets.adapters.lml.reception import ACCEPTED, MAX_ANSWER_MIB, Reception
from wxyc_assets.adapters.lml.transport import Server, open_transport
from wxyc_assets.adapters.lml.validation import validate
from wxyc_assets.adapters.lml.wire import Json, NotAnAnswer, dump
from wxyc_assets.adapters.responses import without_token
from wxyc_assets.domain.candidates import Candidate
from wxyc_assets.domain.prices import Charge, Price
from wxyc_assets.domain.refreshes import Refreshed, RefreshStatus

LONGEST_CONNECT_SECONDS = 10.0
"""For a connection with its TLS handshake."""


class Budget(Protocol):
    """Admits requests to LML."""

    def admit(self, price: Price | None) -> AbstractAsyncContextManager[Charge]:
        """Wait until the price may be spent, then for a slot; hold it meanwhile."""
        ...

    async def claim_trial(self, seconds: float) -> bool:
        """Return True if no process was given the trial of LML's circuit breaker for so long."""
        ...


@dataclass(frozen=True, slots=True)
class ResolveResult:
    """One bulk-resolve call: its answers, and LML's time for it in milliseconds."""

    answers: Answers
    latency_ms: float


@dataclass(frozen=True, slots=True)
class LookupResult:
    """One lookup: its answer, and LML's time for it in milliseconds."""

    answer: LookupAnswer
    latency_ms: float

    @property
    def is_live(self) -> bool | None:
        """True if Discogs answered it, False if it should have, None if LML's cache did."""
        found = self.answer.found
        if found.is_incomplete:
            return False
        if self.answer.api_calls:
            return True
        return None if found.results else False


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """One refresh call: its results by identity, and LML's time for it in milliseconds."""

    results: dict[int, Refreshed]
    latency_ms: float

    @property
    def is_live(self) -> bool:
        """True if no source failed; LML does not say what came from a cache."""
        return all(each.status is not RefreshStatus.ERROR for each in self.results.values())


class LmlClient:
    """A thin client; every call waits for the shared budget and has one overall timeout."""

    def __init__(
        self,
        server: Server,
        budget: Budget,
        reception: Reception,
        *,
        timeout_seconds: float,
        lookup_seconds: float = lookup_endpoint.TIMEOUT_SECONDS,
    ) -> None:
        self._server = server
        self._reception = reception
        self._budget = budget
        self._timeout_seconds = timeout_seconds
        self._lookup_seconds = lookup_seconds

    async def resolve(self, candidates: Sequence[Candidate]) -> ResolveResult:
        """Ask about 1..1000 library records.

        Raises LmlUnavailable, LmlRefused and, for a 200 without usable results, LmlContractBroken.
        """
        body = bulk_resolve.request(candidates)
        async with self._budget.admit(None):
            response, latency_ms = await self._post(bulk_resolve.PATH, self._timeout_seconds, body)
        with _checked(response):
            asked = [each.library_id for each in candidates]
            answers = validate(bulk_resolve.read_answers(response.content, asked))
        return ResolveResult(answers, latency_ms)

    async def probe_resolve(self) -> None:
        """Send an empty batch, which LML rejects at no cost once it has checked the key.

        Raises LmlRefused for a wrong address or key, and LmlUnavailable.
        """
        async with self._budget.admit(None):
            response, _ = await self._post(
                bulk_resolve.PATH, bulk_resolve.PROBE_TIMEOUT_SECONDS, bulk_resolve.request([])
            )
        if response.status_code != bulk_resolve.EMPTY_BATCH_STATUS:
            raise_for_status(response)

    async def lookup(
        self, artist: str, album: str, *, before_sending: Callable[[], None] | None = None
    ) -> LookupResult:
        """Look an album up; raise as `resolve` does.

        `before_sending` is called once the budget has admitted the call, which may take long; what
        it raises ends a call that costs nothing.
        """
        body = lookup_endpoint.request(artist, album)
        async with self._charged(lookup_endpoint.PRICE) as charge:
            if before_sending:
                charge.cost = 0
                before_sending()
                charge.cost = None
            response, latency_ms = await self._post(
                lookup_endpoint.PATH, self._lookup_seconds, body, lookup_endpoint.HEADERS
            )
            charge.cost = _cost(response)
        if response.is_success:
            await asyncio.sleep(0)  # the next lookup is sent before this one's answer is read
        with _checked(response):
            return LookupResult(lookup_endpoint.read_lookup(response.content), latency_ms)

    async def refresh(self, identity_ids: Sequence[int]) -> RefreshResult:
        """Have LML refresh its data about 1..50 identities; raise as `resolve` does."""
        body = refresh_endpoint.request(identity_ids)
        async with self._charged(refresh_endpoint.price(len(identity_ids))) as charge:
            response, latency_ms = await self._post(
                refresh_endpoint.PATH, refresh_endpoint.TIMEOUT_SECONDS, body
            )
            charge.cost = _cost(response)
            with _checked(response):
                results = refresh_endpoint.read_refreshed(response.content, identity_ids)
            if charge.cost is None:
                charge.cost = sum(each.requests for each in results.values())
        return RefreshResult(results, latency_ms)

    async def probe_refresh(self) -> int:
        """Return the status of an empty refresh, which changes nothing; raise LmlUnavailable."""
        async with self._budget.admit(None):
            response, _ = await self._post(
                refresh_endpoint.PATH,
                refresh_endpoint.PROBE_TIMEOUT_SECONDS,
                refresh_endpoint.request([]),
            )
        return response.status_code

    async def health(self, timeout_seconds: float = health_endpoint.TIMEOUT_SECONDS) -> Health:
        """Return what LML says about itself, a 503 included; raise LmlError.

        With a closed breaker each call costs LML a Discogs request: ask at most every 30 s
        (docs/contracts/lml.md, "GET /health").
        """
        async with self._charged(health_endpoint.PRICE) as charge:
            response = await self._send("GET", health_endpoint.PATH, timeout_seconds)
            with _checked(response, also_readable=503):
                health = health_endpoint.read_health(response.content)
            charge.cost = 1 if health.is_breaker_closed else 0
        return health

    async def claim_trial(self, seconds: float) -> bool:
        """Return True if this process may make the one trial call while LML's breaker is open."""
        return await self._budget.claim_trial(seconds)

    @asynccontextmanager
    async def _charged(self, price: Price) -> AsyncGenerator[Charge]:
        """Pay for one call; one that never reached LML costs nothing."""
        async with self._budget.admit(price) as charge:
            try:
                yield charge
            except LmlUnreachable:
                charge.cost = 0
                raise

    async def _post(
        self, path: str, seconds: float, body: Json, headers: Mapping[str, str] | None = None
    ) -> tuple[httpx.Response, float]:
        """Return the response and its latency in milliseconds."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        response = await self._send("POST", path, seconds, body, headers)
        return response, (loop.time() - started) * 1000

    async def _send(
        self,
        method: str,
        path: str,
        seconds: float,
        body: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        try:
            # For the whole call: that of a client would start anew with every byte.
            async with asyncio.timeout(seconds):
                with tracing.traced(method, path, body) as call:
                    async with self._server.stream(
                        method,
                        path,
                        content=None if body is None else dump(body),
                        headers={**(headers or {}), **call.headers},
                        connect_seconds=min(LONGEST_CONNECT_SECONDS, seconds / 3),
                    ) as stream:
                        response = await self._reception.read(stream)
                    call.answered(response)
                    return response
        except TimeoutError:
            raise LmlUnavailable(f"{method} {path}: no whole answer within {seconds:g} s") from None
        except NotAnAnswer as error:
            raise LmlContractBroken(f"{method} {path}: {error}") from None
        # An error's cause is shown as well, and may quote what LML sent: hence `from None`.
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
            raise LmlUnreachable(
                f"LML cannot be reached at {self._server.url}: "
                f"{self._reception.text(repr(error))}. "
                "Is LIBRARY_METADATA_URL right, and is LML up?"
            ) from None
        except httpx.HTTPError as error:
            raise LmlUnavailable(f"{method} {path}: {self._reception.text(repr(error))}") from None


def _cost(response: httpx.Response) -> float | None:
    """Return the Discogs requests that an answer took; None if it does not say."""
    if response.is_client_error:
        return 0
    calls = tracing.cache_stats(response.content).get("api_calls")
    return calls if calls is not None and 0 <= calls <= lookup_endpoint.MOST_API_CALLS else None


@contextmanager
def _checked(response: httpx.Response, *, also_readable: int = 200) -> Generator[None]:
    """Raise for a bad status, and LmlContractBroken for a body that cannot be read."""
    if response.status_code != also_readable:
        raise_for_status(response)
    try:
        yield
    except NotAnAnswer as error:
        request = response.request
        message = f"{request.method} {request.url.path}: {error}"
        raise LmlContractBroken(without_token(request, message)) from None


@asynccontextmanager
async def open_lml(
    url: str,
    *,
    api_key: str | None,
    budget: Budget,
    timeout_seconds: float,
    lookup_seconds: float = lookup_endpoint.TIMEOUT_SECONDS,
    max_answer_mib: int = MAX_ANSWER_MIB,
    caller: CallerReason | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncGenerator[LmlClient]:
    """Open LML at `url`, less a trailing `/` or `/api/v1`; `transport` is the test seam.

    Every call names its `caller`.
    """
    headers = ACCEPTED | ({"Authorization": f"Bearer {api_key}"} if api_key else {})
    headers |= {CALLER_REASON: caller} if caller else {}
    base_url = url.rstrip("/").removesuffix("/api/v1")
    async with transport or open_transport(base_url) as opened:
        yield LmlClient(
            Server(base_url, headers, opened),
            budget,
            Reception(api_key, max_mib=max_answer_mib),
            timeout_seconds=timeout_seconds,
            lookup_seconds=lookup_seconds,
        )
