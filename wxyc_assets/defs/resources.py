"""Resources: how to open what a step needs, configured from the environment.

An adapter lives on the event loop of its step, so a resource is opened in the step's body.
"""

import os
from collections.abc import AsyncGenerator, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Literal

import dagster as dg
from psycopg.conninfo import make_conninfo
from pydantic import Field

from wxyc_assets.adapters import alert_channels
from wxyc_assets.adapters.alert_channels import AlertChannel
from wxyc_assets.adapters.github import CommitComparison, open_github
from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.adapters.postgres import database
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.defs.failures import as_dagster_failure
from wxyc_assets.defs.lml_resource import LmlResource
from wxyc_assets.domain.candidates import Scope
from wxyc_assets.flows.identity.pipeline import PageSizes
from wxyc_assets.flows.rotation import deploy_gate
from wxyc_assets.flows.rotation.deploy_gate import DeployGateResult
from wxyc_assets.settings import BatchSize, Days, Share, settings
from wxyc_assets.telemetry import sentry


class DatabaseResource(dg.ConfigurableResource):
    """The Backend database, by URL or, without one, by host, name and user."""

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
        """Open the database once its schema is known to be current.

        An adapter's error, here or in the caller's block, is raised as dg.Failure.
        """
        with as_dagster_failure():
            async with database.open_database(
                self.conninfo(),
                schema=self.schema_name,
                assets_schema=self.assets_schema_name,
                max_connections=settings.lml_max_concurrent + 12,
            ) as opened:
                yield opened

    def conninfo(self) -> str:
        """Return the connection string for libpq; raises dg.Failure if no database is named."""
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


class ScopeResource(dg.ConfigurableResource):
    """The records that a run considers; shown and changed in the launchpad."""

    include_null_canonical: bool = Field(
        default=settings.include_null_canonical,
        description="Widened scope: records without a canonical entity are due, too.",
    )
    recheck: bool = Field(
        default=settings.recheck,
        description="Ask again about each record of the compilation cohort that was attempted.",
    )
    stale_days: Days = Field(
        default=settings.stale_threshold_days, description="An older identity is due."
    )
    retry_days: Days = Field(
        default=settings.unresolved_retry_days,
        description="A record without an identity waits this long before it is tried again.",
    )

    def scope(self) -> Scope:
        """Return the scope as the domain takes it."""
        return Scope(
            include_null_canonical=self.include_null_canonical,
            recheck=self.recheck,
            stale_days=self.stale_days,
            retry_days=self.retry_days,
        )


class PagesResource(dg.ConfigurableResource):
    """Inputs per bulk-resolve call; LML takes at most 1000."""

    batch_size: BatchSize = settings.batch_size
    va_batch_size: BatchSize = settings.va_batch_size

    def page_sizes(self) -> PageSizes:
        """Return the sizes as the pipeline takes them."""
        return PageSizes(batch_size=self.batch_size, va_batch_size=self.va_batch_size)


class RotationGates(dg.ConfigurableResource):
    """The gates before a refresh: enough releases are identified, and LML has the route."""

    floor: Share = Field(
        default=settings.gate_rotation,
        description="Share of the active rotation that must have an identity.",
    )
    basis: Literal["resolvable", "absolute"] = Field(
        default=settings.gate_rotation_basis.value,
        description="The releases that share is of: resolvable (those with a Discogs release), or "
        "absolute (all).",
    )
    local_dev: bool = settings.local_dev
    github_api_url: str = settings.github_api_url
    github_token: str

    def open_github(self) -> AbstractAsyncContextManager[CommitComparison]:
        """Open GitHub's compare API."""
        return open_github(self.github_api_url, token=self.github_token)

    async def check_deploy(self, client: lml.LmlClient) -> DeployGateResult:
        """Check that the LML that is running has the refresh; an LML error closes the gate."""
        async with self.open_github() as github:
            return await deploy_gate.check_deploy_gate(client, github, local_dev=self.local_dev)


class AlertsResource(dg.ConfigurableResource):
    """The channels for alerts: Sentry, if SENTRY_DSN is set, and a chat's webhook."""

    webhook_url: str
    ui_url: str = Field(description="URL of the Dagster UI, for links to runs.")

    def has_channels(self) -> bool:
        """Return True if at least one channel is configured."""
        return bool(self.webhook_url) or sentry.project() is not None

    @asynccontextmanager
    async def channels(self) -> AsyncGenerator[Collection[AlertChannel]]:
        """Open all configured channels over one client."""
        async with alert_channels.open_channels(self.webhook_url or None) as opened:
            yield opened

    def link_to(self, run_id: str) -> str | None:
        """Return the URL of a run in the UI, or None if the UI's URL is not set."""
        return f"{self.ui_url.rstrip('/')}/runs/{run_id}" if self.ui_url else None


def secret(name: str) -> str:
    """Return a reference that is read when a run needs it and never shown; empty if it is unset."""
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
