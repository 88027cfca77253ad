"""LML's connections: httpx's interface over aiohttp, at a quarter of the CPU per call, or less.

docs/speed.md has the figures. Tests put another of httpx's transports in its place.
"""

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx

KEEP_ALIVE_SECONDS = 4.0
"""Less than uvicorn, which LML is served by, leaves an idle connection open: 5."""


@asynccontextmanager
async def open_transport(url: str) -> AsyncGenerator[httpx.AsyncBaseTransport]:
    """Open the connections to the server at `url`; SSL_CERT_FILE and the usual proxies count."""
    connector = aiohttp.TCPConnector(
        limit=0,  # the shared budget is the limit
        ssl=httpx.create_ssl_context() if url.startswith("https:") else True,
        keepalive_timeout=KEEP_ALIVE_SECONDS,
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # a bomb is defused in `reception`
        proxy=_proxy(url),
        timeout=aiohttp.ClientTimeout(),
    ) as session:
        yield AiohttpTransport(session)


def _proxy(url: str) -> str | None:
    address = httpx.URL(url)
    is_direct = not address.host or proxy_bypass(address.host)
    return None if is_direct else getproxies().get(address.scheme)


class Server:
    """A server's address, with the headers of every request and the connections to it."""

    def __init__(
        self, url: str, headers: Mapping[str, str], transport: httpx.AsyncBaseTransport
    ) -> None:
        self.url = url
        self._headers = httpx.Headers({**headers, "Content-Type": "application/json"})
        self._transport = transport
        self._addresses: dict[str, httpx.URL] = {}

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None,
        headers: Mapping[str, str],
        connect_seconds: float,
    ) -> AsyncGenerator[httpx.Response]:
        """Send a request of JSON and yield the response with its body unread; follow no redirect.

        Raises httpx.HTTPError. Cheaper than httpx.AsyncClient, whose cookies, authentication and
        redirects nobody needs here.
        """
        request = httpx.Request(
            method,
            self._address(path),
            headers=self._headers,
            content=content,
            extensions={"timeout": {"connect": connect_seconds}},
        )
        request.headers.update(headers)
        response = await self._transport.handle_async_request(request)
        response.request = request
        try:
            yield response
        finally:
            await response.aclose()

    def _address(self, path: str) -> httpx.URL:
        """Return the URL of a path, parsed once."""
        if path not in self._addresses:
            self._addresses[path] = httpx.URL(self.url + path)
        return self._addresses[path]


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends httpx's requests; raises httpx's errors. Of the timeouts only `connect` is used."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the response as soon as its head is there; its stream is the body."""
        connect_seconds = request.extensions["timeout"]["connect"]
        with _errors_of_httpx():
            response = await self._session.request(
                request.method,
                str(request.url),
                headers=dict(request.headers.items()),
                data=request.content or None,
                allow_redirects=False,  # the key is for LML alone
                timeout=aiohttp.ClientTimeout(sock_connect=connect_seconds),
            )
        return httpx.Response(
            response.status, headers=response.raw_headers, stream=_Body(response), request=request
        )


class _Body(httpx.AsyncByteStream):
    """The bytes of a body as they arrive."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        with _errors_of_httpx():
            async for chunk in self._response.content.iter_any():
                yield chunk

    async def aclose(self) -> None:
        """Give the connection back, or close it in the middle of a body."""
        if self._response.content.is_eof():
            self._response.release()
        else:
            self._response.close()


@contextmanager
def _errors_of_httpx() -> Generator[None]:
    """Raise aiohttp's errors as those of httpx that mean the same."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout(str(error)) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(str(error)) from error
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise httpx.UnsupportedProtocol(f"{error} is no http or https URL") from error
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
        raise httpx.ReadError(str(error)) from error
    except aiohttp.ClientError as error:
        raise httpx.RemoteProtocolError(str(error)) from error
