"""Covers for the library: found by LML, written only for a single high-confidence match."""

from typing import Literal

import dagster as dg
from pydantic import Field

from wxyc_assets.adapters.postgres.artwork_store import ArtworkStore
from wxyc_assets.defs import metadata
from wxyc_assets.defs.failures import fail_if_open
from wxyc_assets.defs.instrumentation import instrumented
from wxyc_assets.defs.library_identity import LIBRARY_IDENTITY
from wxyc_assets.defs.partitions import range_asset, report_range, selected_ranges
from wxyc_assets.defs.resources import DatabaseResource, LmlResource
from wxyc_assets.domain.artwork import CoverScope, Eligibility, Match, Rules
from wxyc_assets.flows.artwork.cover_lookup import CoverLookup
from wxyc_assets.flows.artwork.health_probes import HealthProbes
from wxyc_assets.flows.artwork.lookup_buffer import LookupBuffer
from wxyc_assets.flows.artwork.pipeline import ArtworkPipeline
from wxyc_assets.flows.artwork.report import ArtworkReport
from wxyc_assets.settings import Days, Seconds, Share, settings
from wxyc_assets.views.contact_sheet import contact_sheet


class ArtworkConfig(dg.Config):
    """The records that a run wants covers for, and what counts as a match."""

    eligibility: Literal["discogs_artist", "identity", "all"] = Field(
        default=settings.artwork_eligibility.value,
        description="Records whose artist has a Discogs id; or whose identity has one; or all.",
    )
    match: Literal["careful", "first"] = Field(
        default=settings.artwork_match.value,
        description="A single high-confidence match; or the first result, unchecked.",
    )
    min_confidence: Share = Field(
        default=settings.artwork_min_confidence, description="The floor for a release."
    )
    retry_days: Days = Field(
        default=settings.unresolved_retry_days,
        description="A record for which no cover was found waits this long.",
    )
    health_interval_seconds: Seconds = Field(
        default=settings.lml_health_interval_seconds,
        description="Between two checks of LML's circuit breaker; each costs a Discogs request.",
    )

    def scope(self) -> CoverScope:
        """Return the scope as the domain takes it."""
        return CoverScope(
            eligibility=Eligibility(self.eligibility),
            rules=Rules(min_confidence=self.min_confidence, match=Match(self.match)),
            retry_days=self.retry_days,
        )


@range_asset(
    deps=[LIBRARY_IDENTITY],
    pool="lml",
    kinds={"postgres"},
)
async def library_artwork(
    context: dg.AssetExecutionContext,
    config: ArtworkConfig,
    database: DatabaseResource,
    lml: LmlResource,
) -> None:
    """A cover in `library.artwork_url`, or a dated attempt to find one in `artwork_lookup`.

    Whatever is not a single high-confidence match is refused, and the reason is kept.
    """

    def report(done: ArtworkReport) -> None:
        totals.add({f"artwork.{name}": number for name, number in done.figures().items()})
        if not done.open_rows:
            report_range(context, context.asset_key, done.id_range.key, _metadata(done))

    with instrumented(context, "library_artwork") as totals:
        ranges = selected_ranges(context)
        async with database.open() as opened, lml.open(opened) as client:
            artwork = ArtworkStore(opened, config.scope())
            outbox = LookupBuffer(artwork, context.run.run_id)
            breaker = lml.breaker(client)
            looking_up = CoverLookup(
                client,
                patience=lml.retry_policy(),
                probes=HealthProbes(breaker, interval=config.health_interval_seconds),
                outbox=outbox,
                rules=artwork.scope.rules,
                max_in_flight=lml.max_in_flight,
                breaker=breaker,
            )
            coverer = ArtworkPipeline(artwork, looking_up, outbox)
            summary = await coverer.run(ranges, report)
            unanalyzed = await opened.analyze(*summary.touched) if summary.touched else []
        metadata.warn_of_stale_statistics(context, unanalyzed)
        fail_if_open(summary.why_open, summary.stopped)


def _metadata(done: ArtworkReport) -> dict[str, dg.MetadataValue]:
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(done.covered.lookups),
        **{name: dg.MetadataValue.int(number) for name, number in done.figures().items()},
        "share_covered": dg.MetadataValue.float(done.share_covered),
        **metadata.latencies(done.latencies_ms),
        **_contact_sheet(done),
        **metadata.offenders("refused", done.refusals),
        **metadata.offenders("not_written", done.write_errors),
    }


def _contact_sheet(done: ArtworkReport) -> dict[str, dg.MetadataValue]:
    shown = done.first_covers
    return {"contact_sheet": dg.MetadataValue.md(contact_sheet(shown))} if shown else {}
