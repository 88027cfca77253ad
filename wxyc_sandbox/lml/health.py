"""GET /health and GET /openapi.json, the routes without an API key."""

from typing import Any

from wxyc_sandbox.lml.calls import LmlCall
from wxyc_sandbox.lml.discogs import DiscogsModel
from wxyc_sandbox.lml.settings import Breaker
from wxyc_sandbox.lml.wire import Json


class HealthEndpoint:
    """GET /health"""

    def __init__(self, discogs: DiscogsModel) -> None:
        self._discogs = discogs

    def rows(self, payload: Any) -> list[int]:
        return []

    async def answer(self, call: LmlCall) -> Json:
        settings = call.settings
        breaker = self._discogs.breaker(call.worker)
        call.status = 200 if settings.database_up else 503
        if breaker.state == "closed":
            self._discogs.spend(call)
        return {
            "status": _status(settings.database_up, breaker.state),
            "version": settings.version,
            "commit_sha": settings.commit_sha,
            "discogs_breaker_state": breaker.state,
            "discogs_live_requests_total": breaker.live_requests,
            "services": {
                "database": "ok" if settings.database_up else "unavailable",
                "discogs_api": _discogs_api(breaker.state),
            },
        }


def _discogs_api(breaker: Breaker | None) -> str:
    match breaker:
        case None:
            return "not configured"
        case "closed":
            return "ok"
        case "open" | "half-open":
            return "rate-limited"


def _status(database_up: bool, breaker: Breaker | None) -> str:
    """Return the overall status, which a half-open breaker does not affect."""
    if not database_up:
        return "unhealthy"
    return "degraded" if breaker == "open" else "healthy"


class OpenApiEndpoint:
    """GET /openapi.json: the paths, without the schemas of bulk bodies."""

    def __init__(self, paths: dict[str, str]) -> None:
        self._paths: Json = {path: {method.lower(): {}} for path, method in paths.items()}

    def rows(self, payload: Any) -> list[int]:
        return []

    async def answer(self, call: LmlCall) -> Json:
        info = {"title": "library-metadata-lookup", "version": call.settings.version}
        return {"openapi": "3.1.0", "info": info, "paths": self._paths}
