"""The Discogs requests that an answer of LML took."""

from wxyc_assets.adapters.lml.tracing import cache_stats

MOST_API_CALLS = 10_000
"""Far beyond what one call can take of Discogs."""


def api_calls(body: bytes) -> int | None:
    """Return how many live Discogs requests an answer took; None if it does not say."""
    calls = cache_stats(body).get("api_calls")
    return calls if type(calls) is int and 0 <= calls <= MOST_API_CALLS else None
