"""Excerpts of HTTP responses for error messages."""

import httpx

from wxyc_assets.telemetry.redaction import Redaction

EXCERPT_CHARACTERS = 200


def excerpt(response: httpx.Response) -> str:
    """Return the start of the body without the bearer token, which an error page may repeat."""
    key = response.request.headers.get("Authorization", "").removeprefix("Bearer ")
    return Redaction([key]).text(response.text)[:EXCERPT_CHARACTERS]
