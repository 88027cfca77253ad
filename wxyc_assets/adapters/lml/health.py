"""GET /health: LML's version, its commit and its circuit breaker towards Discogs."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from wxyc_assets.adapters.lml.wire import as_integer, as_object, as_text, parse
from wxyc_assets.domain.prices import Price

PATH = "/health"
SPAN = "lml.health"
TIMEOUT_SECONDS = 30.0
PRICE = Price("health", guess=1, seconds=TIMEOUT_SECONDS)
"""What a call costs while the breaker is closed (docs/contracts/lml.md, "GET /health")."""


class BreakerState(StrEnum):
    """A state of LML's circuit breaker towards Discogs."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"
    UNRECOGNIZED = "in a state that the contract does not name"


@dataclass(frozen=True, slots=True)
class Health:
    """LML's own report of its health; None for what it left out."""

    status: str | None
    version: str | None
    commit_sha: str | None
    breaker: BreakerState | None
    live_requests: int | None = None
    """Requests towards Discogs since the process that answered was started, shed ones included."""

    @property
    def is_breaker_closed(self) -> bool:
        return self.breaker is BreakerState.CLOSED


def read_health(body: bytes) -> Health:
    """Return LML's health; raise NotAnAnswer for a body that is not JSON."""
    response = as_object(parse(body))
    return Health(
        status=as_text(response.get("status")),
        version=as_text(response.get("version")),
        commit_sha=as_text(response.get("commit_sha")),
        breaker=_breaker(response.get("discogs_breaker_state")),
        live_requests=as_integer(response.get("discogs_live_requests_total")),
    )


def _breaker(value: Any) -> BreakerState | None:
    if not isinstance(value, str):
        return None
    try:
        return BreakerState(value)
    except ValueError:
        return BreakerState.UNRECOGNIZED
