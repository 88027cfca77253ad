"""The assets' entries in the Dagster UI: table, columns, owners, links, freshness."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from wxyc_assets.defs import freshness, tables
from wxyc_assets.defs.occurrences import WHAT_TO_DO
from wxyc_assets.defs.tables import Table
from wxyc_assets.settings import settings

OWNERS = ["team:wxyc-library"]
OPERATING = "docs/operating.md"

Lineage = Mapping[str, tuple[str, str]]
"""By column, the asset and the column that it is derived from."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An asset's table, the page about it, and how old it may become."""

    table: Table
    page: str
    freshness_policy: dg.FreshnessPolicy
    lineage: Lineage = field(default_factory=dict[str, tuple[str, str]])

    def metadata(self) -> dict[str, Any]:
        """Return the metadata of the asset's definition."""
        links: dict[str, Any] = {"docs": docs_link(self.page)}
        if settings.report_url:
            links["report"] = dg.MetadataValue.url(settings.report_url)
        if self.lineage:
            links["dagster/column_lineage"] = dg.TableColumnLineage(
                {
                    column: [dg.TableColumnDep(dg.AssetKey(asset), source)]
                    for column, (asset, source) in self.lineage.items()
                }
            )
        return {
            "dagster/table_name": self.table.qualified_name,
            "dagster/column_schema": self.table.schema(),
            **links,
        }


CATALOG = {
    "library": Entry(tables.LIBRARY, "docs/contracts/backend-db.md", freshness.daily),
    "rotation": Entry(tables.ROTATION, "docs/contracts/backend-db.md", freshness.daily),
    "library_candidates": Entry(
        tables.CANDIDATES,
        f"{OPERATING}#run",
        freshness.weekly,
        {
            "library_id": ("library", "id"),
            "cohort": ("library", "code_volume_letters"),
            "artist_name": ("library", "artist_name"),
            "album_title": ("library", "album_title"),
            "legacy_release_id": ("library", "legacy_release_id"),
        },
    ),
    "lml_resolutions": Entry(
        tables.RESOLUTIONS,
        "docs/contracts/lml.md",
        freshness.weekly,
        {
            "library_id": ("library_candidates", "library_id"),
            "cohort": ("library_candidates", "cohort"),
            "artist_name": ("library_candidates", "artist_name"),
            "asked_because": ("library_candidates", "reason"),
        },
    ),
    "library_identity": Entry(
        tables.IDENTITIES,
        f"{OPERATING}#run",
        freshness.weekly,
        {
            "library_id": ("lml_resolutions", "library_id"),
            "last_verified_at": ("lml_resolutions", "answered_at"),
            **dict.fromkeys(
                ("wikidata_qid", "spotify_id", "apple_music_id", "method", "confidence"),
                ("lml_resolutions", "answer"),
            ),
        },
    ),
    "library_artwork": Entry(
        tables.LOOKUPS,
        f"{OPERATING}#run",
        freshness.weekly,
        {
            "library_id": ("library", "id"),
            "artist_name": ("library", "artist_name"),
            "album_title": ("library", "album_title"),
            "legacy_release_id": ("library", "legacy_release_id"),
        },
    ),
    "library_releases": Entry(
        tables.RELEASES,
        f"{OPERATING}#releases",
        freshness.weekly,
        {
            "library_id": ("library_artwork", "library_id"),
            "answered_at": ("library_artwork", "looked_up_at"),
            **dict.fromkeys(
                (
                    "release_id",
                    "artist_name",
                    "album_title",
                    "confidence",
                    "canonical_entity",
                    "streaming",
                ),
                ("library_artwork", "answer"),
            ),
        },
    ),
    "library_coverage": Entry(
        tables.SNAPSHOTS, f"{OPERATING}#what-the-checks-compare-with", freshness.daily
    ),
    "library_doubts": Entry(
        tables.DOUBTS,
        f"{OPERATING}#doubts",
        freshness.weekly,
        {"library_id": ("library", "id")},
    ),
    "library_precision": Entry(tables.ESTIMATES, "docs/precision.md", freshness.weekly),
    "rotation_identities": Entry(
        tables.ROTATION,
        f"{OPERATING}#run",
        freshness.daily,
        {name: ("rotation", name) for name in ("id", "discogs_release_id", "lml_identity_id")},
    ),
    "rotation_cache": Entry(tables.REFRESHES, f"{OPERATING}#run", freshness.daily),
}


def described(assets: Sequence[Any]) -> list[Any]:
    """Return the assets with their entries and with references to their code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        referenced: Sequence[Any] = dg.with_source_code_references(assets)
    return list(dg.map_asset_specs(_described, referenced))


def docs_link(page: str) -> dg.MetadataValue[Any]:
    """Return a link to a page of the docs; without DOCS_URL its path in the repository."""
    if settings.docs_url:
        return dg.MetadataValue.url(f"{settings.docs_url.rstrip('/')}/{page}")
    return dg.MetadataValue.text(page)


def what_to_do(check: str) -> dict[str, dg.MetadataValue[Any]]:
    """Return the link to the row that says what to do when a check fails."""
    return {WHAT_TO_DO: docs_link(f"{OPERATING}#{check}")}


def _described(spec: dg.AssetSpec) -> dg.AssetSpec:
    entry = CATALOG[spec.key.to_user_string()]
    spec = spec.replace_attributes(owners=OWNERS, freshness_policy=entry.freshness_policy)
    return spec.merge_attributes(metadata=entry.metadata(), kinds={"postgres"})
