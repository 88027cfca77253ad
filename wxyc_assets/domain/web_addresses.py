"""Addresses of pictures and pages that can be shown and stored as they are."""

import re
from base64 import urlsafe_b64decode

WEB_ADDRESS = re.compile(
    r"""https?:// [^\s/?#@:<>"{}|\\^`\[\]]+ (:\d{1,5})? ([/?#] [^\s<>"{}|\\^`\[\]]* )?""",
    re.IGNORECASE | re.VERBOSE,
)
"""A host, and none of the characters that no URL holds; no user, no password."""
BASE64_OF_DISCOGS = "czM6Ly9kaXNjb2dzLWRhdGFiYXNlLWltYWdl"  # s3://discogs-database-image
BASE64 = re.compile(r"[\w-]*", re.ASCII)
CHARACTERS_READ = 64


def is_https(url: str) -> bool:
    """Return True for a web address with https."""
    return url[:8].lower() == "https://" and is_web_address(url)


def is_web_address(url: str) -> bool:
    """Return True for an http or https URL that can be shown and stored as it is."""
    return url.isprintable() and WEB_ADDRESS.fullmatch(url) is not None


def through_proxy(url: str, proxy: str) -> str:
    """Return where a proxy has an https picture: at its own address, followed by host and path.

    Without a proxy, where the picture itself is.
    """
    return f"{proxy.rstrip('/')}/{url[len('https://') :]}" if proxy else url


def discogs_address(url: str) -> str:
    """Return Discogs' own storage address of a picture; empty if the URL does not hold one.

    Its image addresses end in base64 of `s3://discogs-database-images/R-...`, cut by slashes.
    """
    _, marker, rest = url.replace("/", "").partition(BASE64_OF_DISCOGS)
    tail = BASE64.match(rest)
    if not marker or tail is None:
        return ""
    encoded = marker + tail[0][:CHARACTERS_READ]
    whole = encoded[: len(encoded) // 4 * 4]
    return urlsafe_b64decode(whole).decode("latin-1")
