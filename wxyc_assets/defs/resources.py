"""Recipes for what a step needs from the world, configured from the environment.

An adapter lives on the event loop of its step, so a recipe is opened in the step's body.
"""

import os
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager

import dagster as dg
import httpx
from psycopg.conninfo import make_conninfo
from pydantic import Field

from wxyc_assets.adapters import alert_channels as receivers
from wxyc_assets.adapters.alert_channels import AlertChannel
from wxyc_assets.adapters.budget.postgres_backend import open_postgres_budget
from wxyc_assets.adapters.budget.shared_budget import Limits, open_budget
from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.adapters.lml.circuit_breaker import CircuitBreakerWatch
from wxyc_assets.adapters.postgres import database
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.defs.rotation_gates import RotationGates
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.flows.identity.batch_resolver import RetryPolicy
from wxyc_assets.flows.identity.pipeline import PageSizes
from wxyc_assets.settings import LONGEST_DAYS, settings
from wxyc_assets.telemetry import sentry

LARGEST_PORT = 65_535


class DatabaseResource(dg.ConfigurableResource):
    """The Backend database, by URL or, without one, by its parts."""

    url: str
    host: str | None = None
    port: int = 5432
    name: str | None = None
    username: str | None = None
    password: str = ""
    schema_name: str
    assets_schema_name: str

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Database]:
        """The database, after a look whether our schema is current."""
        async with database.open_database(
            self.conninfo(),
            schema=self.schema_name,
            assets_schema=self.assets_schema_name,
            max_connections=settings.lml_max_concurrent + 12,
        ) as opened:
            yield opened

    def conninfo(self) -> str:
        """What libpq needs to connect."""
        if self.url:
            return self.url
        if not (self.host and self.name and self.username):
            raise dg.Failure(
                "No database is named. Set DATABASE_URL, or DB_HOST, DB_NAME, DB_USERNAME and "
                "DB_PASSWORD.",
                allow_retries=False,
            )
        return make_conninfo(
            host=self.host,
            port=self.port,
            dbname=self.name,
            user=self.username,
            password=self.password,
        )


class LmlResource(dg.ConfigurableResource):
    """LML; the key is required unless LOCAL_DEV is set."""

    url: str
    api_key: str
    local_dev: bool = False
    timeout_seconds: float
    lookup_timeout_seconds: float
    max_in_flight: int = Field(description="Requests in flight, over all processes.")
    rate_per_minute: float = Field(
        description="Tokens (estimated Discogs requests) a minute, over all processes; 0: no limit."
    )
    breaker_ceiling_minutes: float = Field(
        description="How long we wait for LML's breaker towards Discogs to close."
    )
    attempts: int = Field(default=4, ge=1, description="How often a call is tried in all.")
    first_wait_seconds: float = Field(default=0.5, ge=0, description="Before the second; doubles.")

    def patience(self) -> RetryPolicy:
        """How a call is tried again."""
        return RetryPolicy(
            attempts=self.attempts,
            first_wait=self.first_wait_seconds,
            jitter=self.first_wait_seconds,
        )

    @asynccontextmanager
    async def open(self, database: Database) -> AsyncGenerator[lml.LmlClient]:
        """LML within the budget of `database`, after a look at what we were given to reach it."""
        self._check()
        limits = Limits(self.max_in_flight, self.rate_per_minute)
        async with (
            open_postgres_budget(database) as backend,
            open_budget(backend, limits) as budget,
            lml.open_lml(
                self.url,
                api_key=self.api_key or None,
                budget=budget,
                timeout_seconds=self.timeout_seconds,
                lookup_seconds=self.lookup_timeout_seconds,
            ) as opened,
        ):
            yield opened

    def breaker(self, opened: lml.LmlClient) -> CircuitBreakerWatch:
        """LML's breaker, for those who spend Discogs requests."""
        return CircuitBreakerWatch(opened, ceiling_seconds=self.breaker_ceiling_minutes * 60)

    def _check(self) -> None:
        if not _is_address(self.url):
            shown = "..." if "@" in self.url else repr(self.url)
            raise dg.Failure(
                f"LIBRARY_METADATA_URL={shown} is not LML's address; it looks like "
                "https://lml.example.org, without a user or a password.",
                allow_retries=False,
            )
        if not self.api_key and not self.local_dev:
            raise dg.Failure(
                "LML_API_KEY is not set. Set it, or LOCAL_DEV=1 for an LML without keys.",
                allow_retries=False,
            )
        if not (self.api_key.isascii() and self.api_key.isprintable()) or " " in self.api_key:
            raise dg.Failure(
                "LML_API_KEY holds a character that no header can carry; is there a line end in "
                "it?",
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


class ScopeResource(dg.ConfigurableResource):
    """Which library rows a run looks at; shown and changed in the launchpad."""

    include_null_canonical: bool = Field(
        default=settings.include_null_canonical,
        description="Widened scope: rows without a canonical entity are due, too.",
    )
    recheck: bool = Field(
        default=False,
        description="Ask again about each attempted row of the compilation cohort.",
    )
    stale_days: float = Field(
        default=settings.stale_threshold_days,
        gt=0,
        le=LONGEST_DAYS,
        description="An older identity is due.",
    )
    retry_days: float = Field(
        default=settings.unresolved_retry_days,
        gt=0,
        le=LONGEST_DAYS,
        description="An attempt rests this long.",
    )

    def scope(self) -> Scope:
        """The scope as the domain knows it."""
        return Scope(
            include_null_canonical=self.include_null_canonical,
            recheck=self.recheck,
            stale_days=self.stale_days,
            retry_days=self.retry_days,
        )


class PagesResource(dg.ConfigurableResource):
    """Inputs a bulk-resolve call; LML takes 1000 at most."""

    batch_size: int = Field(default=settings.batch_size, ge=1, le=1000)
    va_batch_size: int = Field(default=settings.va_batch_size, ge=1, le=1000)

    def sizes(self) -> PageSizes:
        """Page sizes by cohort."""
        return PageSizes(va=self.va_batch_size, non_va=self.batch_size)


class AlertsResource(dg.ConfigurableResource):
    """Who hears of trouble: Sentry, where SENTRY_DSN is set, and a chat's webhook."""

    webhook_url: str
    ui_url: str = Field(description="The Dagster UI's address, for links to runs.")

    def has_receivers(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self.webhook_url) or sentry.project() is not None

    @asynccontextmanager
    async def receivers(self) -> AsyncGenerator[Collection[AlertChannel]]:
        """All of them, over one client."""
        async with receivers.open_channels(self.webhook_url or None) as opened:
            yield opened

    def link_to(self, run_id: str) -> str | None:
        """The run in the UI, if we know where that is."""
        return f"{self.ui_url.rstrip('/')}/runs/{run_id}" if self.ui_url else None


def secret(name: str) -> str:
    """A variable that is read when a run needs it, and never shown; empty where it is not set."""
    return dg.EnvVar(name) if os.environ.get(name) else ""  # noqa: TID251


resources = {
    "database": DatabaseResource(
        url=secret("DATABASE_URL"),
        host=settings.db_host,
        port=settings.db_port,
        name=settings.db_name,
        username=settings.db_username,
        password=secret("DB_PASSWORD"),
        schema_name=settings.wxyc_schema_name,
        assets_schema_name=settings.assets_schema_name,
    ),
    "lml": LmlResource(
        url=settings.library_metadata_url,
        api_key=secret("LML_API_KEY"),
        local_dev=settings.local_dev,
        timeout_seconds=settings.lml_timeout_seconds,
        lookup_timeout_seconds=settings.lookup_timeout_seconds,
        max_in_flight=settings.lml_max_concurrent,
        rate_per_minute=settings.lml_rate_per_min,
        breaker_ceiling_minutes=settings.breaker_ceiling_minutes,
    ),
    "rotation_gates": RotationGates(github_token=secret("GITHUB_TOKEN")),
    "scope": ScopeResource(),
    "pages": PagesResource(),
    "alerts": AlertsResource(
        webhook_url=secret("ALERT_WEBHOOK_URL"), ui_url=settings.dagster_ui_url
    ),
}
