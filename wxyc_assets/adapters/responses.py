"""Excerpts of HTTP responses for error messages."""

import httpx

from wxyc_assets.telemetry.redaction import Redaction

EXCERPT_CHARACTERS = 200


def excerpt(response: httpx.Response) -> str:
    """Return the start of the body without the bearer token, which an error page may repeat."""
    return without_token(response.request, response.text)[:EXCERPT_CHARACTERS]


def redirect_target(response: httpx.Response) -> str:
    """Return where a redirect points, without what may be secret in it."""
    target = response.request.url.join(response.headers["Location"])
    bare = target.copy_with(userinfo=b"", query=None, fragment=None)
    return without_token(response.request, str(bare))


def without_token(request: httpx.Request, text: str) -> str:
    """Return a text without the bearer token of a request."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return Redaction([token]).text(text)
