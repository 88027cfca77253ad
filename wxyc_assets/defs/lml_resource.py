"""LML as a resource: how to open it within the shared budget, and how calls to it are made."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import dagster as dg
import httpx
from pydantic import Field

from wxyc_assets.adapters.budget.postgres_backend import PostgresBudget
from wxyc_assets.adapters.budget.shared_budget import open_budget
from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.adapters.lml.caller import CallerReason
from wxyc_assets.adapters.lml.retry import RetryPolicy
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.defs.failures import as_dagster_failure
from wxyc_assets.domain.live_activity import LiveActivityLimits
from wxyc_assets.settings import MaxPauseMs, PauseMs, Seconds, Timeout, settings

LARGEST_PORT = 65_535


class LmlResource(dg.ConfigurableResource):
    """LML; the key is required unless LOCAL_DEV is set."""

    url: str
    api_key: str
    local_dev: bool = False
    timeout_seconds: Timeout
    lookup_timeout_seconds: Timeout
    max_answer_mib: int = Field(
        default=settings.lml_max_answer_mib, ge=1, description="A larger answer is not read."
    )
    max_in_flight: int = Field(description="Requests in flight, over all processes.")
    rate_per_minute: float = Field(
        description="Estimated Discogs requests per minute, over all processes; 0: no limit."
    )
    breaker_ceiling_minutes: float = Field(
        description="How long to wait for LML's Discogs circuit breaker to close."
    )
    live_activity_lookback_seconds: Seconds = Field(
        default=settings.live_activity_lookback_seconds,
        description="A track logged within them means that a DJ is on the air; 0: never pause.",
    )
    live_activity_pause_ms: PauseMs = Field(
        default=settings.live_activity_pause_ms,
        description="Between two looks at the flowsheet while a DJ is on the air.",
    )
    live_activity_max_pause_ms: MaxPauseMs = Field(
        default=settings.live_activity_max_pause_ms,
        description="The longest pause; then the run stops.",
    )
    attempts: int = Field(default=4, ge=1, description="Attempts per call, the first included.")
    first_wait_seconds: Seconds = Field(
        default=0.5, description="Wait before the second attempt; doubles from then on."
    )

    def retry_policy(self) -> RetryPolicy:
        """Return how often, and after which waits, a failed call is tried again."""
        return RetryPolicy(
            attempts=self.attempts,
            first_wait=self.first_wait_seconds,
            jitter=self.first_wait_seconds,
        )

    @asynccontextmanager
    async def open(self, database: Database, caller: CallerReason) -> AsyncGenerator[lml.LmlClient]:
        """Open LML for a job, within the shared budget that `database` keeps.

        An adapter's error, here or in the caller's block, is raised as dg.Failure.
        """
        self._check()
        with as_dagster_failure():
            async with (
                database.session() as session,
                open_budget(
                    PostgresBudget(session),
                    max_in_flight=self.max_in_flight,
                    per_minute=self.rate_per_minute,
                ) as budget,
                lml.open_lml(
                    self.url,
                    api_key=self.api_key or None,
                    budget=budget,
                    timeout_seconds=self.timeout_seconds,
                    lookup_seconds=self.lookup_timeout_seconds,
                    max_answer_mib=self.max_answer_mib,
                    caller=caller,
                ) as opened,
            ):
                yield opened

    def live_activity_limits(self) -> LiveActivityLimits:
        """Return how a run gives way to the DJs."""
        return LiveActivityLimits(
            lookback_seconds=self.live_activity_lookback_seconds,
            pause_seconds=self.live_activity_pause_ms / 1000,
            max_pause_seconds=self.live_activity_max_pause_ms / 1000,
        )

    @property
    def breaker_ceiling_seconds(self) -> float:
        return self.breaker_ceiling_minutes * 60

    def _check(self) -> None:
        if not _is_address(self.url):
            shown = "..." if "@" in self.url else repr(self.url)
            raise dg.Failure(
                f"LIBRARY_METADATA_URL={shown} is not a URL such as https://lml.example.org, "
                "without a user or a password.",
                allow_retries=False,
            )
        if not self.api_key and not self.local_dev:
            raise dg.Failure(
                "LML_API_KEY is not set. Set it, or LOCAL_DEV=1 for an LML without keys.",
                allow_retries=False,
            )
        if not (self.api_key.isascii() and self.api_key.isprintable()) or " " in self.api_key:
            raise dg.Failure(
                "LML_API_KEY contains a character that no header can carry. Does it end with a "
                "newline?",
                allow_retries=False,
            )


def _is_address(url: str) -> bool:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    is_host = bool(address.host) and "%" not in address.host
    is_open = address.scheme in {"http", "https"} and not address.userinfo
    return is_open and is_host and (address.port or 0) <= LARGEST_PORT
