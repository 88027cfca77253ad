"""How the pretend LML is set up: its speed, its limits and the state of its world."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, with_config

Breaker = Literal["closed", "open", "half-open"]


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class LmlSettings:
    """Figures are those of the LML contract page unless a comment says otherwise."""

    seed: int = 1
    generation: int = 0
    """From 1 on, about one artist in twenty is judged differently than in generation 0."""

    api_key: str | None = None
    """None leaves every route open."""
    commit_sha: str | None = None
    version: str = "1.46.0"
    tracks_contract_version: Literal[1] | None = 1
    database_up: bool = True
    """False: resolve and refresh answer 503, health is unhealthy."""
    refresh_exists: bool = True
    """False: an LML from before the route, which answers 404 to it."""

    base_latency_seconds: float = 0.05
    row_latency_seconds: float = 0.001
    lookup_latency_seconds: float = 0.01
    lookup_cap_seconds: float = 25.0
    edge_timeout_seconds: float = 300.0

    workers: int = 3
    bulk_admission: int = 5
    """Bulk calls one worker takes at a time; the others queue."""

    discogs_per_worker_per_minute: float = 16.0
    """0 = no limit. Three workers of 16 stay just below Discogs' 50."""
    discogs_burst: int = 1
    """Requests a rested worker may send at once."""
    artists_per_release: int = 3
    warm_share: float = 0.0
    """Share of the identities whose release is in the cache from the start."""
    breaker: Breaker = "closed"

    def changed(self, changes: dict[str, Any]) -> "LmlSettings":
        """These settings with some of them changed; ValueError for a bad name or value."""
        return SETTINGS.validate_python(asdict(self) | changes)


SETTINGS = TypeAdapter(LmlSettings)
