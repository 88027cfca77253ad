"""Excerpts of HTTP responses for error messages."""

import httpx

from wxyc_assets.telemetry.redaction import Redaction

EXCERPT_CHARACTERS = 200


def excerpt(response: httpx.Response) -> str:
    """Return the start of the body without the bearer token, which an error page may repeat.

    It is read as UTF-8: httpx takes the codec that the server names, and not every one is for text.
    """
    text = response.content.decode(errors="replace")
    return without_token(response.request, text)[:EXCERPT_CHARACTERS]


def redirect_target(response: httpx.Response) -> str:
    """Return where a redirect points, without what may be secret in it."""
    try:
        target = response.request.url.join(response.headers["Location"])
    except httpx.InvalidURL:
        return "what is no address"
    bare = target.copy_with(userinfo=b"", query=None, fragment=None)
    return without_token(response.request, str(bare))


def without_token(request: httpx.Request, text: str) -> str:
    """Return a text without the bearer token of a request."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return Redaction([token]).text(text)
