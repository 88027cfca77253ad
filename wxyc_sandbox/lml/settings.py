"""Settings of the pretend LML: its speed, its limits and the state of its dependencies."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, with_config

Breaker = Literal["closed", "open", "half-open"]


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class LmlSettings:
    """Settings; figures are those of docs/contracts/lml.md unless a comment says otherwise."""

    seed: int = 1
    generation: int = 0
    """From 1 on, about one artist in twenty is resolved differently than in generation 0."""
    mistakes: float = 0.0
    """Multiple of the rates of wrong answers in `mistakes.py`; 0: whatever is answered is right,
    but for namesakes and changed minds."""

    api_key: str | None = None
    """None: no route requires a key."""
    commit_sha: str | None = None
    version: str = "1.46.0"
    tracks_contract_version: Literal[1] | None = 1
    database_up: bool = True
    """False: resolve and refresh answer 503, and health is unhealthy."""
    refresh_exists: bool = True
    """False: an older LML without the route, which answers 404."""

    base_latency_seconds: float = 0.05
    row_latency_seconds: float = 0.001
    lookup_latency_seconds: float = 0.01
    lookup_cap_seconds: float = 25.0
    lookup_live_share: float = 0.05
    """Share of the albums that are not cached from the start; a lookup of one costs 3 to 7 Discogs
    requests, and caches it."""
    edge_timeout_seconds: float = 300.0

    workers: int = 3
    bulk_admission: int = 5
    """Bulk calls that one worker processes at a time; the others queue."""

    discogs_per_worker_per_minute: float = 16.0
    """0 is unlimited. Three workers of 16 stay just below the limit of Discogs, 50."""
    discogs_burst: int = 1
    """Requests that an idle worker may send at once."""
    artists_per_release: int = 3
    warm_share: float = 0.0
    """Share of identities whose release is cached from the start."""
    discogs_refuses: bool = False
    """True: Discogs answers 429 to every request, and so opens the breakers of the workers."""
    breaker: Breaker | None = "closed"
    """What the breakers of all workers are set to, at first and by each change of this setting;
    from then on each goes its own way. None: Discogs is not configured."""
    breaker_cooldown_seconds: float = 60.0
    """Our guess; LML does not tell."""

    def changed(self, changes: dict[str, Any]) -> "LmlSettings":
        """Return a copy with some settings changed; raise ValueError for a bad name or value."""
        return SETTINGS.validate_python(asdict(self) | changes)


SETTINGS = TypeAdapter(LmlSettings)
