"""The environment, read once: every variable with its type, bounds, default and meaning.

A resource or an asset's config that repeats a setting takes its type from here. Secrets are only
named: their values reach the resources as `dg.EnvVar`, because the UI shows plain values.
"""

import os
from math import ceil
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from wxyc_assets.domain.artwork import Eligibility, Match
from wxyc_assets.domain.refreshes import MAX_BATCH
from wxyc_assets.domain.rotation import RotationBasis
from wxyc_assets.domain.web_addresses import is_web_address
from wxyc_assets.old_variables import complaints

MOST_RANGES = 2_000
"""Dagster keeps the status of every partition, and each range costs a few events."""
FLAGS = {"true": True, "1": True, "false": False, "0": False}


class SettingsError(ValueError):
    """A variable has a value that is not allowed; the message names both and what is allowed."""


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    try:
        return FLAGS[str(value).strip().lower()]
    except KeyError:
        raise ValueError("allowed are true, false, 1 and 0") from None


def _web_address(value: str) -> str:
    if value and not is_web_address(value):
        raise ValueError("allowed is a URL such as https://covers.example.org")
    return value


Flag = Annotated[bool, BeforeValidator(_flag)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[float, Field(gt=0, le=36_500)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Timeout = Annotated[float, Field(gt=0, le=3600)]
Rows = Annotated[int, Field(ge=0)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Identifier = Annotated[str, Field(pattern="^[a-z_][a-z0-9_]*$")]
BatchSize = Annotated[int, Field(ge=1, le=1000)]
RefreshBatchSize = Annotated[int, Field(ge=1, le=MAX_BATCH)]
RefreshesInFlight = Annotated[int, Field(ge=1, le=8)]
PauseMs = Annotated[int, Field(ge=1_000)]
MaxPauseMs = Annotated[int, Field(ge=0)]
RequestsPerMinute = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Settings(BaseSettings):
    """Every variable but the secrets; a field is the variable's name in lower case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    db_host: str | None = Field(None, description="Backend database host, if DATABASE_URL is unset")
    db_port: Port = Field(5432, description="Backend database port")
    db_name: str | None = Field(None, description="Backend database name")
    db_username: str | None = Field(None, description="Backend database user")
    wxyc_schema_name: Identifier = Field(
        "wxyc_schema", description="schema of the Backend's tables"
    )
    assets_schema_name: Identifier = Field("wxyc_assets", description="schema of our own tables")

    library_metadata_url: str = Field("", description="LML's base URL: required")
    local_dev: Flag = Field(False, description="LML may be called without a key")
    dry_run: Flag = Field(
        False, description="every job is a dry run: it says what it would do, and writes nothing"
    )

    batch_size: BatchSize = Field(500, description="inputs per bulk-resolve call")
    va_batch_size: BatchSize = Field(
        100, description="the same for the compilation cohort, whose answers are large"
    )
    stale_threshold_days: Days = Field(7, description="an older identity is due")
    unresolved_retry_days: Days = Field(
        30, description="a record without an identity waits this long before it is tried again"
    )
    include_null_canonical: Flag = Field(
        False, description="widened scope: records without a canonical entity are due, too"
    )
    recheck: Flag = Field(
        False,
        description="ask again about each record of the compilation cohort that was attempted",
    )
    max_refused_writes: Share = Field(
        0.001,
        description="share of a range's records whose write the database may refuse (3 records "
        "always may); beyond it the range stays open",
    )
    lml_max_concurrent: int = Field(
        2, ge=1, le=64, description="requests to LML in flight, over all processes"
    )
    lml_rate_per_min: RequestsPerMinute = Field(
        15,
        description="live Discogs requests that we cause in any minute, over all processes; "
        "0 = no limit",
    )
    lml_timeout_seconds: Timeout = Field(60, description="timeout of a whole bulk-resolve call")
    lookup_timeout_seconds: Timeout = Field(
        30, description="timeout of a whole lookup; LML itself gives up after 25"
    )
    lml_max_answer_mib: int = Field(
        64, ge=1, le=1024, description="a larger answer of LML's is not read to its end, in MiB"
    )
    breaker_ceiling_minutes: float = Field(
        30,
        ge=0,
        allow_inf_nan=False,
        description="how long to wait for LML's Discogs circuit breaker to close",
    )
    live_activity_lookback_seconds: Seconds = Field(
        60,
        description="pause while a DJ is on the air: one who logged a track within so many "
        "seconds; 0 = never pause",
    )
    live_activity_pause_ms: PauseMs = Field(
        30_000, description="between two looks whether the DJ is still on the air"
    )
    live_activity_max_pause_ms: MaxPauseMs = Field(
        1_800_000, description="the longest pause; then the run stops, with everything stored"
    )
    refresh_batch_size: RefreshBatchSize = Field(
        5,
        description="identities per refresh call, at most; fewer if half of `LML_RATE_PER_MIN` "
        "does not pay for them, at 6 Discogs requests each; LML takes at most 50",
    )
    refresh_max_concurrent: RefreshesInFlight = Field(1, description="refresh calls in flight")
    lml_health_interval_seconds: Seconds = Field(
        30,
        description="between two checks of LML's circuit breaker; each costs a Discogs request",
    )
    artwork_min_confidence: Share = Field(
        0.8, description="how sure LML must be of a release for its cover to count"
    )
    artwork_eligibility: Eligibility = Field(
        Eligibility.DISCOGS_ARTIST,
        description="which records want a cover: discogs_artist (the artist has a Discogs id), "
        "identity (or the record's identity has one), or all",
    )
    artwork_match: Match = Field(
        Match.CAREFUL,
        description="careful: a single high-confidence match; first: the first result, unchecked",
    )
    write_release_ids: Flag = Field(
        False,
        description="write the Discogs release of a record to its identity, where that has none",
    )
    github_api_url: str = Field(
        "https://api.github.com",
        pattern="^https?://",
        description="where the deploy gate compares commits",
    )
    gate_rotation: Share = Field(
        0.99, description="share of the active rotation that must have an identity"
    )
    gate_rotation_basis: RotationBasis = Field(
        RotationBasis.RESOLVABLE,
        description="the releases that share is of: resolvable (those with a Discogs release), "
        "or absolute (all)",
    )
    max_stale_handles: Share = Field(
        0.01, description="share of refreshed identities that may be unknown to LML"
    )
    max_refresh_errors: Share = Field(
        0.05, description="share of refreshed identities that may end in an error"
    )

    gate_run_yield: Share = Field(
        0.05,
        description="of the records that a run asks about for the first time, the share that must "
        "get an identity (or a cover); judged from 50 records on",
    )
    gate_refresh_yield: Share = Field(
        0.5,
        description="of the identities that a run asks about again, the share that LML must still "
        "know; judged from 50 records on",
    )
    max_run_unusable: Share = Field(
        0.5,
        description="of the records that a run asks about, the share that LML may refuse or leave "
        "unknown; judged from 50 records on",
    )

    gate_coverage: Share = Field(
        0.99,
        description="share of the records in scope that must have an identity or be waiting to "
        "retry",
    )
    gate_identity: Share = Field(
        0.2,
        description="share of the records in scope that must have an identity; the station began "
        "with 0.22",
    )
    gate_artwork: Share = Field(
        0.5,
        description="share of the wanted covers that must exist: half of the 18,500 that the "
        "station expects (docs/contracts/backend-db.md, Artwork)",
    )
    gate_artwork_target: Share = Field(
        0.99,
        description="of the records that want a cover, the share that must have one or a recent "
        "lookup that found none",
    )
    gate_compilations: Share = Field(
        0.99, description="share of the compilation cohort that LML must have classified"
    )
    gate_agreement: Share = Field(
        1.0, description="share of records whose tables must agree with LML's applied answer"
    )
    max_asked_twice: Rows = Field(
        0, description="records that may be asked about twice within their retry window"
    )
    max_orphaned_sources: Rows = Field(
        0, description="records that may have sources without an identity"
    )
    regression_tolerance: Share = Field(
        0.005, description="how far a share may lie below the best accepted snapshot"
    )
    baseline_days: Days = Field(
        90, description="how long an accepted snapshot is a baseline, if a newer one exists"
    )
    gate_max_drop: Share = Field(
        0.05,
        description="share of a count (records, identities, covers, credits, ...) that may "
        "disappear; the same as LML's own guard on uploads",
    )
    gate_yield: Share = Field(
        0.2,
        description="share of the answers to first questions that must hold an identity; the "
        "station began with 0.22",
    )
    gate_confirmed: Share = Field(
        0.9, description="share of the identities asked about again that LML must confirm"
    )
    gate_cover_yield: Share = Field(
        0.3, description="share of the first lookups that must find a cover"
    )
    gate_yield_history: Share = Field(
        0.5, description="part of the baseline's own yield that each of these must reach"
    )
    max_refused: Share = Field(
        0.05, description="share of the questions, and of the lookups, that LML may refuse"
    )
    max_unknown_lookups: Share = Field(
        0.1, description="share of the lookups that LML may leave unanswered"
    )
    max_not_written: Share = Field(
        0.001,
        description="share of the answers and covers that may be missing from the tables, of the "
        "ranges of a run and of the library; 3 always may, unless they are all",
    )
    gate_freshness: Share = Field(
        0.8,
        description="share of the identities in scope that must have been verified within four "
        "times STALE_THRESHOLD_DAYS",
    )
    max_run_age_days: Days = Field(
        10,
        description="days since every range was last completed: the weekly schedule and three "
        "days; a record that became due within them is not uncovered yet",
    )
    max_flips: Share = Field(
        0.1,
        description="share of the identities asked about again, and of the covers, that may be "
        "replaced by others",
    )
    max_artists_per_id: Rows = Field(25, description="artists that may share one external id")
    max_albums_per_cover: Rows = Field(10, description="albums that may share one cover")

    max_doubt_growth: Share = Field(
        0.2,
        description="how much the share of the identities, or covers, with a doubt of one reason "
        "may grow from one run to the next; 10 more always may",
    )
    gate_precision: Share = Field(
        0.95,
        description="share of the identities that must be right, as measured on a labelled sample; "
        "below it a check warns",
    )
    gate_cover_precision: Share = Field(
        0.95, description="share of the covers that must be right, measured likewise"
    )
    deleted_record_days: Days = Field(
        90, description="how long LML's answers about a deleted record are kept"
    )
    delivered_alert_days: Days = Field(30, description="how long delivered alerts are kept")
    candidate_days: Days = Field(
        90, description="how long a candidate is kept that no run has found due since"
    )
    journal_days: Days = Field(
        90, description="how long the journal is kept: as long as a run can be reverted"
    )
    snapshot_days: Days = Field(
        90,
        description="how long every coverage snapshot is kept (BASELINE_DAYS at least); after "
        "that, one per week",
    )

    dagster_ui_url: str = Field("", description="URL of the Dagster UI, for links in alerts")
    docs_url: str = Field(
        "",
        description="URL below which this repository's pages can be read, for links in the UI and "
        "in alerts; without it they name the page",
    )
    report_url: str = Field(
        "", description="URL at which you publish the coverage report, for a link in the UI"
    )
    cover_proxy_url: WebAddress = Field(
        "",
        description="base URL of a proxy that people's browsers load covers through: it has "
        "https://HOST/PATH at COVER_PROXY_URL/HOST/PATH; without it they load them from where they "
        "are. For contact sheets, a replay's page and the review page",
    )
    old_spans: Flag = Field(
        True, description="send the counters also as spans under the old jobs' names"
    )
    sentry_traces_sample_rate: Share = Field(
        1.0, description="share of steps that are traced, if SENTRY_DSN is set"
    )

    library_max_id: int = Field(
        80_000, ge=1, le=9_999_999, description="the ranges reach up to this library id"
    )
    library_range_width: int = Field(
        2_500, ge=1, description="library ids per range; more than 2,000 ranges are refused"
    )
    ranges_per_run: int = Field(0, ge=0, description="ranges per backfill run; 0 = all")

    @field_validator("library_range_width")
    @classmethod
    def _makes_few_ranges(cls, width: int, others: ValidationInfo) -> int:
        ceiling = others.data.get("library_max_id", 0)
        if (ranges := ceil(ceiling / width)) > MOST_RANGES:
            raise ValueError(
                f"{ranges} ranges up to LIBRARY_MAX_ID={ceiling} are more than {MOST_RANGES}; "
                f"a width of {ceil(ceiling / MOST_RANGES)} or more is allowed"
            )
        return width


SECRETS = {
    "DATABASE_URL": "the Backend database; this or DB_HOST, DB_NAME, ... is required",
    "DB_PASSWORD": "the Backend database's password, if DATABASE_URL is unset",
    "LML_API_KEY": "LML's key: required unless LOCAL_DEV=1",
    "DAGSTER_PG_URL": "Dagster's own storage: required by deploy/dagster.yaml",
    "GITHUB_TOKEN": "for the deploy gate's request to GitHub",
    "ALERT_WEBHOOK_URL": "a Slack-compatible webhook that receives alerts, beside Sentry",
    "SENTRY_DSN": "the Sentry project; without it nothing is sent",
}
"""Variables whose values are never shown, each with its meaning."""


def has_alert_channels() -> bool:
    """Return True if alerts have anywhere to go."""
    return any(os.environ.get(name) for name in ("SENTRY_DSN", "ALERT_WEBHOOK_URL"))  # noqa: TID251


def secret_values() -> list[str]:
    """Return the secrets' values, which must appear in no log line and in no event."""
    return [os.environ[name] for name in SECRETS if os.environ.get(name)]  # noqa: TID251


def read_settings() -> Settings:
    """Read the environment; raises SettingsError with one line per bad or outdated variable."""
    lines = list(complaints(os.environ))  # noqa: TID251
    settings = None
    try:
        settings = Settings()  # pyright: ignore[reportCallIssue]
    except ValidationError as error:
        lines += [
            f"{'.'.join(map(str, each['loc'])).upper()}={each['input']!r}: {each['msg']}"
            for each in error.errors(include_url=False)
        ]
    if settings is None or lines:
        raise SettingsError("The environment cannot be used:\n  " + "\n  ".join(lines))
    return settings


settings = read_settings()
