"""Tables as the Dagster UI shows them: each column with its type and meaning.

This is the only place that describes them for people; a test compares it with a migrated database.
Of the Backend's tables only the columns that this project reads or writes are listed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import dagster as dg

from wxyc_assets.settings import settings

Columns = Mapping[str, tuple[str, str]]
"""Type and description by column name; types as PostgreSQL prints them."""

INT, REAL, FLAG, TEXT, JSON = "integer", "real", "boolean", "text", "jsonb"
TIME = "timestamp with time zone"


@dataclass(frozen=True, slots=True)
class Table:
    """A table in the Backend's schema, or in ours."""

    name: str
    is_ours: bool
    columns: Columns

    @property
    def qualified_name(self) -> str:
        schema = settings.assets_schema_name if self.is_ours else settings.wxyc_schema_name
        return f"{schema}.{self.name}"

    def schema(self) -> dg.TableSchema:
        """Return the columns as Dagster shows them."""
        return dg.TableSchema(
            [
                dg.TableColumn(name, type=type_, description=description)
                for name, (type_, description) in self.columns.items()
            ]
        )


LIBRARY = Table(
    "library",
    is_ours=False,
    columns={
        "id": (INT, "The record. The ranges divide these numbers."),
        "legacy_release_id": (INT, "The number by which LML knows the record."),
        "artist_id": (INT, "The row of `artists`."),
        "genre_id": (INT, "The row of `genres`."),
        "artist_name": (
            "character varying(128)",
            "The name LML is asked about; without one a record is out of scope.",
        ),
        "album_title": ("character varying(128)", "The title LML is asked about."),
        "code_volume_letters": (
            "character varying(4)",
            "Shelf letters; those that begin with Z mark compilations.",
        ),
        "canonical_entity_id": (
            TEXT,
            "The canonical entity; by default only records with one are in scope.",
        ),
        "unresolved_attempted_at": (
            TIME,
            "The newest attempt that found no identity. Written here.",
        ),
        "discogs_unavailable": (
            FLAG,
            "The music director's word that Discogs does not have it: no cover is wanted.",
        ),
        "artwork_url": (
            "character varying(512)",
            "The cover's address. Written here, and only where it is null.",
        ),
    },
)

ROTATION = Table(
    "rotation",
    is_ours=False,
    columns={
        "id": (INT, "The rotation entry."),
        "album_id": (INT, "The record in `library`, if the library has it."),
        "rotation_bin": (
            f"{settings.wxyc_schema_name}.freq_enum",
            "How often it is to be played: S, L, M or H.",
        ),
        "kill_date": ("date", "The end of its time in rotation; active without one, or before it."),
        "artist_name": ("character varying(128)", "The artist."),
        "album_title": ("character varying(128)", "The title."),
        "discogs_release_id": (INT, "The release on Discogs; an entry with one can be resolved."),
        "lml_identity_id": (INT, "The identity whose cache LML keeps warm."),
    },
)

CANDIDATES = Table(
    "library_candidate",
    is_ours=True,
    columns={
        "library_id": (INT, "The record."),
        "cohort": (
            TEXT,
            "`va` for compilations, `non_va` for the rest; their pages differ in size.",
        ),
        "reason": (TEXT, "Why it is due: `never_resolved`, `stale`, `retry_due` or `recheck`."),
        "artist_name": (TEXT, "The name LML is asked about."),
        "album_title": (TEXT, "The title LML is asked about."),
        "legacy_release_id": (INT, "The number by which LML knows the record."),
        "due_at": (TIME, "When it was found to be due."),
        "run_id": (TEXT, "The run that found it to be due."),
    },
)

RESOLUTIONS = Table(
    "lml_resolution",
    is_ours=True,
    columns={
        "library_id": (INT, "The record."),
        "cohort": (TEXT, "`va` or `non_va`, as it was asked."),
        "artist_name": (
            TEXT,
            "The name LML was asked about; an answer about another name does not count.",
        ),
        "kind": (
            TEXT,
            "`single_artist`, `compilation` or `unresolved`; null if LML refused the record.",
        ),
        "is_matched": (FLAG, "A compilation whose tracks LML has matched."),
        "null_confidences": (INT, "Sources without a confidence, which cannot be written."),
        "answer": (JSON, "LML's answer, word for word."),
        "unstorable": (JSON, "What JSONB cannot hold of the answer, escaped, by its place."),
        "is_poisoned": (FLAG, "LML failed for every page that contained this record."),
        "tracks_contract_version": (
            INT,
            "The version of LML's track contract; 1 makes the tracks usable.",
        ),
        "refusal": (TEXT, "Why LML refused the record."),
        "answered_at": (TIME, "When LML answered."),
        "applied_at": (
            TIME,
            "When the answer reached the Backend's tables; it is not applied again.",
        ),
        "write_error": (TEXT, "Why the database refused to write what the answer says."),
        "run_id": (TEXT, "The run that asked."),
        "previous_answered_at": (TIME, "When LML had answered about the same name before."),
        "previous_kind": (TEXT, "What it had answered then."),
        "asked_because": (TEXT, "Why the record was due when it was asked about again."),
        "is_rejected": (FLAG, "A person rejected everything that the answer says."),
        "ask_again_at": (TIME, "When a person asked for another attempt; null once it was made."),
        "rules_version": (INT, "The version of the rules by which the answer was applied."),
        "reverted_at": (
            TIME,
            "When what was written from it was reverted; it is not applied again.",
        ),
        "reverted_by": (TEXT, "The revert."),
    },
)

IDENTITIES = Table(
    "library_identity",
    is_ours=False,
    columns={
        "library_id": (INT, "The record."),
        "discogs_master_id": (INT, "Never written here."),
        "discogs_release_id": (INT, "The release on Discogs."),
        "musicbrainz_release_group_mbid": ("uuid", "Never written here."),
        "musicbrainz_release_mbid": ("uuid", "Never written here."),
        "musicbrainz_recording_mbid": ("uuid", "Never written here."),
        "wikidata_qid": (TEXT, "The artist on Wikidata."),
        "spotify_id": (TEXT, "The artist on Spotify."),
        "apple_music_id": (TEXT, "The artist on Apple Music."),
        "last_verified_at": (
            TIME,
            "When LML last confirmed it; after the stale window it is asked again.",
        ),
        "method": (TEXT, "LML's rule, or `manual` for a person's decision, which no run changes."),
        "confidence": (REAL, "LML's claim, from 0 to 1; not a measured precision."),
        "agreement_sources": (TEXT, "Never written here."),
        "notes": (TEXT, "`consumer:lml-bulk` on what this project wrote."),
        "distinct_unresolved_sources": (INT, "Generated: how many of the ids above are null."),
    },
)

LOOKUPS = Table(
    "artwork_lookup",
    is_ours=True,
    columns={
        "library_id": (INT, "The record."),
        "outcome": (
            TEXT,
            "`cover`, or the first rule that stood against one; `unknown` is asked again.",
        ),
        "url": (TEXT, "The address of the cover that was found."),
        "confidence": (
            "double precision",
            "LML's score of the release against the record's names.",
        ),
        "match": (TEXT, "The rule: `careful`, or `first` for the first result, unchecked."),
        "artist_name": (TEXT, "The artist that was looked up."),
        "album_title": (TEXT, "The title that was looked up."),
        "legacy_release_id": (INT, "The number by which LML knows the record."),
        "looked_up_at": (TIME, "When LML answered."),
        "applied_at": (TIME, "When the cover reached `library.artwork_url`, or was found raced."),
        "is_raced": (FLAG, "Another writer had filled `library.artwork_url` meanwhile."),
        "refusal": (TEXT, "Why LML refused to look at the record."),
        "write_error": (TEXT, "Why the database refused to write the cover."),
        "run_id": (TEXT, "The run that asked."),
        "previous_outcome": (
            TEXT,
            "The outcome of the lookup before, under the same names and rule.",
        ),
        "previous_url": (TEXT, "The cover that the lookup before had found."),
        "ask_again_at": (TIME, "When a person asked for another attempt; null once it was made."),
        "outcome_if_confirmed": (
            TEXT,
            "What an empty answer means if LML's circuit breaker was closed.",
        ),
        "answer": (JSON, "LML's answer, word for word; null where it was not kept."),
        "unstorable": (JSON, "What JSONB cannot hold of the answer, escaped, by its place."),
        "api_calls": (INT, "Discogs requests that the answer took, if it said so."),
        "rules_version": (INT, "The version of the rules that decided on the cover."),
        "min_confidence": ("double precision", "The floor of that decision."),
        "decided_at": (TIME, "When it was decided again, from the stored answer."),
        "decided_by": (TEXT, "The run that decided again."),
        "reverted_at": (
            TIME,
            "When what was written from it was reverted; it is not applied again.",
        ),
        "reverted_by": (TEXT, "The revert."),
    },
)

DOUBTS = Table(
    "library_doubts",
    is_ours=True,
    columns={
        "library_id": (INT, "The record."),
        "reason": (TEXT, "Why it is doubted; a record has one row for each reason."),
        "severity": (TEXT, "How likely something is wrong: `high`, `medium` or `low`."),
        "evidence": (TEXT, "What was found, in words."),
        "plays": (INT, "How often the record was played; null if nobody counts plays."),
        "found_at": (TIME, "When it was first found."),
        "run_id": (TEXT, "The run that found it last."),
    },
)

REFRESHES = Table(
    "rotation_refresh",
    is_ours=True,
    columns={
        "run_id": (TEXT, "The run."),
        "started_at": (TIME, "When it began."),
        "finished_at": (
            TIME,
            "When it ended; null while it runs, and for good if its process was killed.",
        ),
        "failure": (TEXT, "Why it did not finish."),
        "batch_size": (INT, "Identities per call."),
        "batches": (INT, "Batches in all."),
        "calls": (INT, "Calls to LML, retries included."),
        "identities_scanned": (INT, "Identities in rotation."),
        "identities_resolved": (INT, "Of them, those LML answered about."),
        "warmed_releases": (INT, "Releases that are in LML's cache now."),
        "warmed_artists": (INT, "Artists that are in LML's cache now."),
        "not_found": (INT, "Identities LML does not know: a stale `lml_identity_id`."),
        "not_implemented": (INT, "Identities with a source that LML cannot refresh."),
        "lml_error": (INT, "Identities for which every source failed."),
        "drift": (JSON, "What LML answered outside its contract, and how often."),
    },
)

STATES = {
    "fresh": "identified, and verified within the stale window",
    "stale": "identified, and due to be verified again",
    "compilation_matched": "compilations whose tracks LML has matched, waiting to retry",
    "compilation_unmatched": "compilations without matched tracks, waiting to retry",
    "unresolved": "without an identity, waiting to retry",
    "refused": "refused by LML, waiting to retry",
    "rejected": "of whose answer a person rejected everything, waiting to retry",
    "attempted_elsewhere": "attempted by another job, waiting to retry",
    "attempted_long_ago": "attempted, without an identity, and due again",
    "not_written": "answered, and the answer is not in the tables",
    "never_asked": "never asked about",
    "no_artist_name": "out of scope for want of an artist name",
    "no_canonical_entity": "out of scope for want of a canonical entity",
    "cover_there": "with a cover",
    "cover_denied": "looked up within the retry window, no cover found",
    "cover_waiting": "with a cover that was found and is not written",
    "cover_unknown": "that want a cover, without an answer so far",
    "cover_not_wanted": "that want no cover",
    "compilations": "of the compilation cohort",
    "compilations_matched": "of the compilation cohort whose tracks are matched",
    "uncovered": "in scope that are neither identified nor waiting to retry",
    "without_cover": "that want a cover and were not settled",
    "unclassified": "of the compilation cohort that LML has not classified",
    "asked_twice": "asked about again within their window",
    "disagreeing": "whose applied answer the tables do not show",
    "orphaned": "with sources and without an identity",
    "outside": "behind the last range",
    "library_rows": "in all",
    "identities": "in scope with an identity",
}

SNAPSHOTS = Table(
    "coverage_snapshot",
    is_ours=True,
    columns={
        "run_id": (TEXT, "The run that took the snapshot; one row for each of its slices."),
        "dimension": (TEXT, "How the library is divided: all, cohort, id range or genre."),
        "member": (TEXT, "The cohort, range or genre; `outside` is in no range."),
        "taken_at": (TIME, "When it was taken."),
        "is_wide": (FLAG, "Records without a canonical entity were in scope."),
        "eligibility": (TEXT, "Which records wanted a cover."),
        **{name: (INT, f"Records {what}.") for name, what in STATES.items()},
        "sources": (JSON, "Identities, by their number of sources."),
        "methods": (JSON, "Identities, by method."),
        "confidences": (JSON, "Identities, by confidence."),
        "offenders": (JSON, "Records to look at, the first few of each kind."),
        "largest_id": (INT, "The largest library id."),
        "counts": (JSON, "Numbers of the whole library, by name."),
        "rules": (JSON, "The scope and the rules of the snapshot."),
        "samples": (JSON, "Examples for the numbers in `counts`."),
        "completed_at": (TIME, "When every range with records had been completed."),
    },
)

ESTIMATES = Table(
    "precision_estimate",
    is_ours=True,
    columns={
        "sample_id": (TEXT, "The sample that it was measured on."),
        "subject": (TEXT, "What was measured: identity or cover."),
        "measured_at": (TIME, "When the labels were last counted."),
        "precision": ("double precision", "The share that is right, each stratum by its size."),
        "low": ("double precision", "The lower bound of the 95% interval."),
        "high": ("double precision", "The upper bound of the 95% interval."),
        "labelled": (INT, "Labels that it rests on."),
        "right_labels": (INT, "Of them, those that say it is right."),
        "population": (INT, "Identities, or covers, when the sample was drawn."),
        "represented": (INT, "Of them, those in strata with a label."),
        "labels_to_halve": (INT, "Labels more that would halve the interval; null: none would."),
    },
)

RELEASES = Table(
    "library_release",
    is_ours=True,
    columns={
        "library_id": (INT, "The record."),
        "release_id": (INT, "Its release on Discogs."),
        "artist_name": (TEXT, "The release's artist, as LML gave it."),
        "album_title": (TEXT, "The release's title, as LML gave it."),
        "confidence": (
            "double precision",
            "LML's score of the release against the record's names.",
        ),
        "canonical_entity": (TEXT, "`discogs:master:N`, or `discogs:release:N` without a master."),
        "streaming": (JSON, "Links to the album on streaming services, by service."),
        "rules_version": (INT, "The version of the rules that chose the release."),
        "answered_at": (TIME, "When LML gave the answer that the row follows from."),
        "derived_at": (TIME, "When the row was derived."),
        "run_id": (TEXT, "The run that derived it."),
        "written_at": (TIME, "When the release was written to `library_identity`."),
        "written_by": (TEXT, "The run that wrote it."),
    },
)

TABLES = (
    LIBRARY,
    ROTATION,
    CANDIDATES,
    RESOLUTIONS,
    IDENTITIES,
    LOOKUPS,
    RELEASES,
    SNAPSHOTS,
    DOUBTS,
    ESTIMATES,
    REFRESHES,
)
