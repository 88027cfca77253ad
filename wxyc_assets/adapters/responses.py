"""Excerpts of HTTP responses for error messages."""

import httpx

from wxyc_assets.telemetry.redaction import Redaction

EXCERPT_CHARACTERS = 200


def excerpt(response: httpx.Response) -> str:
    """Return the start of the body without the bearer token, which an error page may repeat."""
    return _redaction(response).text(response.text)[:EXCERPT_CHARACTERS]


def redirect_target(response: httpx.Response) -> str:
    """Return where a redirect points, without what may be secret in it."""
    target = response.request.url.join(response.headers["Location"])
    return _redaction(response).text(str(target.copy_with(userinfo=b"", query=None, fragment=None)))


def _redaction(response: httpx.Response) -> Redaction:
    return Redaction([response.request.headers.get("Authorization", "").removeprefix("Bearer ")])
