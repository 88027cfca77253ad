"""Builders of LML's answers, and shortcuts that store and apply them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wxyc_assets.adapters.lml.bulk_resolve import read_answers
from wxyc_assets.adapters.postgres.database import Database
from wxyc_assets.adapters.postgres.identity_store import IdentityStore
from wxyc_assets.domain.candidates import Candidate, Cohort, Scope
from wxyc_assets.domain.ranges import IdRange
from wxyc_assets.flows.identity.apply_answers import AnswerWriter, ApplyResult

Json = dict[str, Any]
EVERYTHING = IdRange(1, 9_999_999)


def entry(source: str, external_id: Any, **changes: Any) -> Json:
    """Return a provenance entry of one source."""
    usual = {"method": "exact_match", "confidence": 0.9}
    return {"source": source, "external_id": external_id} | usual | changes


def single(library_id: int, *provenance: Json, **changes: Any) -> Json:
    """Return a single artist's answer; `main` follows from the provenance."""
    known = {each.get("source"): each.get("external_id") for each in provenance}
    main = {
        "discogs_artist_id": known.get("discogs"),
        "musicbrainz_artist_id": known.get("musicbrainz"),
        "wikidata_qid": known.get("wikidata"),
        "spotify_artist_id": known.get("spotify"),
        "apple_music_artist_id": known.get("apple_music"),
        "bandcamp_id": known.get("bandcamp"),
    }
    return {
        "kind": "single_artist",
        "library_id": library_id,
        "main": main,
        "method": "exact_match",
        "confidence": 0.8999999761581421,
        "provenance": list(provenance),
        "tracks_attempted": False,
        "tracks": [],
    } | changes


def unresolved(library_id: int, **changes: Any) -> Json:
    """Return an unresolved answer."""
    return no_identity(library_id, "unresolved") | changes


def compilation(library_id: int, *tracks: Json, attempted: bool | None = True) -> Json:
    """Return a compilation's answer."""
    found = {"tracks_attempted": attempted, "tracks": list(tracks)}
    return no_identity(library_id, "compilation") | found


def no_identity(library_id: int, kind: str) -> Json:
    """Return an answer of this kind without identity and tracks."""
    return {
        "kind": kind,
        "library_id": library_id,
        "main": None,
        "method": None,
        "confidence": None,
        "provenance": [],
        "tracks_attempted": False,
        "tracks": [],
    }


def track(artist_name: str, title: str | None, found: str | None, **changes: Any) -> Json:
    """Return a track with the artist that LML found for it."""
    usual = {"track_position": None, "confidence": 0.9, "method": "exact_match", "sources": []}
    named = {"artist_name": artist_name, "track_title": title, "resolved_artist_name": found}
    return named | usual | changes


def candidate(
    library_id: int, cohort: Cohort = Cohort.NON_VA, artist_name: str = "Cat Power"
) -> Candidate:
    """Return a candidate of Moon Pix."""
    return Candidate(library_id, artist_name, "Moon Pix", library_id + 50_000, cohort)


async def store(
    database: Database,
    at: datetime,
    candidates: Sequence[Candidate],
    answers: Sequence[Json],
    *,
    version: int | None = 1,
) -> None:
    """Store answers as one page from LML, parsed from JSON."""
    body = json.dumps({"tracks_contract_version": version, "results": answers}).encode()
    read = read_answers(body, [each.library_id for each in candidates])
    await IdentityStore(database, clock=lambda: at).store_answers(candidates, read, "test")


async def apply(
    database: Database, at: datetime, scope: Scope, within: IdRange, run_id: str = "test"
) -> ApplyResult:
    """Apply the stored answers of a range."""
    return await AnswerWriter(IdentityStore(database, clock=lambda: at), scope, run_id).apply(
        within
    )


def total(applied: ApplyResult) -> Mapping[str, int]:
    """Return the details of both cohorts added up, without zeros."""
    details = applied.details[Cohort.VA] + applied.details[Cohort.NON_VA]
    return {name: count for name, count in details.items() if count}
