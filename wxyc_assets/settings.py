"""The environment, read once.

Secrets are not here: they reach the resources as `dg.EnvVar`, because the UI shows plain values.
"""

import os
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from wxyc_assets.domain.artwork import Eligibility, Match
from wxyc_assets.domain.refreshes import MAX_BATCH

IDENTIFIER = "^[a-z_][a-z0-9_]*$"
LONGEST_DAYS = 36_500
FLAGS = {"true": True, "1": True, "false": False, "0": False}


class SettingsError(ValueError):
    """A variable holds what it may not; the message names it, the value and what is allowed."""


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    try:
        return FLAGS[str(value).strip().lower()]
    except KeyError:
        raise ValueError("allowed are true, false, 1 and 0") from None


Flag = Annotated[bool, BeforeValidator(_flag)]


class Settings(BaseSettings):
    """Every variable but the secrets; a field is the variable's name in lower case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    db_host: str | None = Field(None, description="Backend database host, when no DATABASE_URL")
    db_port: int = Field(5432, ge=1, le=65535, description="Backend database port")
    db_name: str | None = Field(None, description="Backend database name")
    db_username: str | None = Field(None, description="Backend database user")
    wxyc_schema_name: str = Field(
        "wxyc_schema", pattern=IDENTIFIER, description="schema of the Backend's tables"
    )
    assets_schema_name: str = Field(
        "wxyc_assets", pattern=IDENTIFIER, description="schema of our own tables"
    )

    library_metadata_url: str = Field("", description="LML's base URL: required")
    local_dev: Flag = Field(False, description="LML may be called without a key")

    batch_size: int = Field(500, ge=1, le=1000, description="inputs a bulk-resolve call")
    va_batch_size: int = Field(
        100,
        ge=1,
        le=1000,
        description="the same for the compilation cohort, whose answers are large",
    )
    stale_threshold_days: float = Field(
        7, gt=0, le=LONGEST_DAYS, description="an identity older than this is due"
    )
    unresolved_retry_days: float = Field(
        30,
        gt=0,
        le=LONGEST_DAYS,
        description="an attempt without an identity rests this long",
    )
    include_null_canonical: Flag = Field(
        False, description="widened scope: rows without a canonical entity are due, too"
    )
    lml_max_concurrent: int = Field(2, ge=1, le=64, description="requests in flight towards LML")
    lml_rate_per_min: float = Field(
        30,
        ge=0,
        allow_inf_nan=False,
        description="tokens (estimated Discogs requests) a minute; 0 = no limit",
    )
    lml_timeout_seconds: float = Field(60, gt=0, description="a whole bulk-resolve call")
    lookup_timeout_seconds: float = Field(
        30, gt=0, description="a whole lookup; LML itself gives up after 25"
    )
    breaker_ceiling_minutes: float = Field(
        30, ge=0, description="how long to wait for LML's breaker towards Discogs to close"
    )
    refresh_batch_size: int = Field(
        20, ge=1, le=MAX_BATCH, description="identities a refresh call; LML takes 50 at most"
    )
    refresh_max_concurrent: int = Field(1, ge=1, le=8, description="refresh calls in flight")
    lml_health_interval_seconds: float = Field(
        30, ge=0, description="between two looks at LML's breaker; each costs a Discogs request"
    )
    artwork_min_confidence: float = Field(
        0.8, ge=0, le=1, description="how sure LML must be of a release for its cover to count"
    )
    artwork_eligibility: Eligibility = Field(
        Eligibility.DISCOGS_ARTIST,
        description="which rows want a cover: the artist has a Discogs id, or the identity, or all",
    )
    artwork_match: Match = Field(
        Match.CAREFUL, description="careful, or first: the first result unseen"
    )
    github_api_url: str = Field(
        "https://api.github.com",
        pattern="^https?://",
        description="where the deploy gate compares commits",
    )
    gate_rotation: float = Field(
        0.99, ge=0, le=1, description="share of the active rotation that must have an identity"
    )
    max_stale_handles: float = Field(
        0.01, ge=0, le=1, description="share of refreshed identities that LML may not know"
    )
    max_refresh_errors: float = Field(
        0.05, ge=0, le=1, description="share of refreshed identities that may end in an error"
    )

    gate_coverage: float = Field(
        0.99,
        ge=0,
        le=1,
        description="share of the rows in scope that must have an identity, or rest with a dated "
        "attempt",
    )
    gate_identity: float = Field(
        0.2,
        ge=0,
        le=1,
        description="share of the rows in scope that must have an identity; the station began "
        "with 0.22",
    )
    gate_artwork: float = Field(
        0.005,
        ge=0,
        le=1,
        description="share of the wanted covers that must be there; the station began with 0.008",
    )
    gate_artwork_target: float = Field(
        0.99,
        ge=0,
        le=1,
        description="share of the rows that want a cover that must have one, or a dated no",
    )
    gate_compilations: float = Field(
        0.99,
        ge=0,
        le=1,
        description="share of the compilation cohort of which LML must have said what it is",
    )
    gate_agreement: float = Field(
        1.0,
        ge=0,
        le=1,
        description="share of library rows whose tables must show what LML's applied answer says",
    )
    max_asked_twice: int = Field(
        0, ge=0, description="library rows that may be asked about twice within their window"
    )
    max_orphaned_sources: int = Field(
        0, ge=0, description="library rows that may have sources without an identity"
    )
    regression_tolerance: float = Field(
        0.005,
        ge=0,
        le=1,
        description="how far coverage may lie below the best of the snapshots before",
    )
    regression_snapshots: int = Field(
        30, ge=1, le=1000, description="how many snapshots before count for that"
    )

    dagster_ui_url: str = Field("", description="the Dagster UI's address, for links in alerts")
    sentry_traces_sample_rate: float = Field(
        1.0, ge=0, le=1, description="share of steps that are traced, where SENTRY_DSN is set"
    )

    library_max_id: int = Field(
        80_000, ge=1, le=9_999_999, description="the ranges reach up to this library id"
    )
    library_range_width: int = Field(2_500, ge=1, description="library ids in a range")
    ranges_per_run: int = Field(0, ge=0, description="ranges a backfill run takes; 0 = all")


SECRETS = (
    "DATABASE_URL",
    "DB_PASSWORD",
    "DAGSTER_PG_URL",
    "LML_API_KEY",
    "ALERT_WEBHOOK_URL",
    "GITHUB_TOKEN",
    "SENTRY_DSN",
)


def secret_values() -> list[str]:
    """What may stand in no log line and in no event."""
    return [os.environ[name] for name in SECRETS if os.environ.get(name)]  # noqa: TID251


def read_settings() -> Settings:
    """The settings of this process; raises SettingsError with one line a bad variable."""
    try:
        return Settings()  # pyright: ignore[reportCallIssue]
    except ValidationError as error:
        lines = [
            f"{'.'.join(map(str, each['loc'])).upper()}={each['input']!r}: {each['msg']}"
            for each in error.errors(include_url=False)
        ]
        raise SettingsError("The environment cannot be used:\n  " + "\n  ".join(lines)) from None


settings = read_settings()
