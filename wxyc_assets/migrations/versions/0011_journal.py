"""What each run changed, so that it can be undone: previous values, and which decisions were."""

from alembic import op

revision = "0011"
down_revision = "0010"

JOURNAL = """
    create table library_journal (
        entry bigint generated always as identity primary key,
        library_id int not null,
        subject text not null check (subject in ('identity', 'credits', 'attempt', 'cover')),
        run_id text not null,
        changed_at timestamptz not null,
        decided_at timestamptz,
        before jsonb,
        after bigint
    )
"""
REVERTS = """
    create table library_revert (
        run_id text primary key,
        reverted_run_id text not null,
        reverted_at timestamptz not null,
        reverted_by text not null,
        holds_back bool not null
    )
"""
# Plain SQL expressions, which the planner inlines; over values, because a function over the
# Backend's row types would keep it from changing its tables.
IDENTITY_FINGERPRINT = """
    create function identity_fingerprint(
        discogs_master_id int, discogs_release_id int, musicbrainz_release_group_mbid uuid,
        musicbrainz_release_mbid uuid, musicbrainz_recording_mbid uuid, wikidata_qid text,
        spotify_id text, apple_music_id text, last_verified_at timestamptz, method text,
        confidence real, agreement_sources text, notes text
    )
    returns bigint
    language sql immutable parallel safe
    as $$
        select hash_record_extended(
            row(
                discogs_master_id, discogs_release_id, musicbrainz_release_group_mbid,
                musicbrainz_release_mbid, musicbrainz_recording_mbid, wikidata_qid, spotify_id,
                apple_music_id, last_verified_at, method, confidence, agreement_sources, notes
            ),
            0
        )
    $$
"""
SOURCE_FINGERPRINT = """
    create function source_fingerprint(
        source text, external_id text, method text, confidence real, last_verified_at timestamptz,
        boost_sources text, notes text
    )
    returns bigint
    language sql immutable parallel safe
    as $$
        select hash_record_extended(
            row(source, external_id, method, confidence, last_verified_at, boost_sources, notes), 0
        )
    $$
"""
CREDIT_FINGERPRINT = """
    create function credit_fingerprint(
        track_artist_id int, track_artist_link_confidence real, track_artist_link_method text,
        track_position text
    )
    returns bigint
    language sql immutable parallel safe
    as $$
        select hash_record_extended(
            row(
                track_artist_id, track_artist_link_confidence, track_artist_link_method,
                track_position
            ),
            0
        )
    $$
"""
VALUE_FINGERPRINT = """
    create function value_fingerprint(value anyelement)
    returns bigint
    language sql immutable parallel safe
    as $$ select hash_record_extended(row(value), 0) $$
"""
UNIDENTIFIED_AT = """
    create function unidentified_at(
        kind text, refusal text, answered_at timestamptz, reverted_at timestamptz
    )
    returns timestamptz
    language sql immutable parallel safe
    as $$
        select case
            when reverted_at is not null then reverted_at
            when refusal is not null or kind in ('unresolved', 'compilation') then answered_at
        end
    $$
"""
LOOKUP_STATE = """
    create function lookup_state(
        outcome text, looked_up_at timestamptz, applied_at timestamptz, write_error text,
        reverted_at timestamptz, retry_from timestamptz
    )
    returns text
    language sql immutable parallel safe
    as $$
        select case
            when reverted_at is not null
                then case when reverted_at > retry_from then 'waiting_to_retry' else 'due' end
            when outcome = 'cover' and applied_at is null
                and (write_error is null or looked_up_at > retry_from) then 'to_write'
            when outcome not in ('cover', 'unknown', 'unconfirmed') and looked_up_at > retry_from
                then 'waiting_to_retry'
            else 'due'
        end
    $$
"""
UNIDENTIFIED_AT_BEFORE = """
    create function unidentified_at(kind text, refusal text, answered_at timestamptz)
    returns timestamptz
    language sql immutable parallel safe
    as $$
        select case
            when refusal is not null or kind in ('unresolved', 'compilation') then answered_at
        end
    $$
"""
LOOKUP_STATE_BEFORE = """
    create function lookup_state(
        outcome text, looked_up_at timestamptz, applied_at timestamptz, write_error text,
        retry_from timestamptz
    )
    returns text
    language sql immutable parallel safe
    as $$
        select case
            when outcome = 'cover' and applied_at is null
                and (write_error is null or looked_up_at > retry_from) then 'to_write'
            when outcome not in ('cover', 'unknown', 'unconfirmed') and looked_up_at > retry_from
                then 'waiting_to_retry'
            else 'due'
        end
    $$
"""
FINGERPRINTS = (IDENTITY_FINGERPRINT, SOURCE_FINGERPRINT, CREDIT_FINGERPRINT, VALUE_FINGERPRINT)
COLUMN_COMMENTS = {
    "library_journal.subject": "identity (with its sources), credits, attempt "
    "(library.unresolved_attempted_at) or cover (library.artwork_url)",
    "library_journal.run_id": "the run that made the change; a revert is a run",
    "library_journal.decided_at": "the date of the stored answer or lookup that decided it",
    "library_journal.before": "the previous values. identity: {identity, sources by name}, only "
    "what was touched, a null is a row that was not there; credits: [id, artist, confidence, "
    "method, position, fingerprint afterwards] for each; attempt and cover: the value",
    "library_journal.after": "the fingerprint of what the change left, to notice later ones",
    "library_revert.reverted_by": "the person who asked for it",
    "library_revert.holds_back": "true if the decisions were taken back, so that their records "
    "wait; false if they were put in force again",
    "lml_resolution.reverted_at": "when what this answer had decided was undone; the record waits",
    "lml_resolution.reverted_by": "the run id of that revert",
    "artwork_lookup.reverted_at": "when the cover of this lookup was taken back; the record waits",
    "artwork_lookup.reverted_by": "the run id of that revert",
}
FUNCTION_COMMENTS = {
    "identity_fingerprint": "a hash of an identity row, to notice later changes",
    "source_fingerprint": "a hash of a source row, to notice later changes",
    "credit_fingerprint": "a hash of the link and position of a credit, to notice later changes",
    "value_fingerprint": "a hash of one value, to notice later changes",
    "unidentified_at": "the date from which a record without an identity waits to be retried",
    "lookup_state": "whether a record has a cover to write, is waiting to retry, or is due",
}
FUNCTION_COMMENTS_BEFORE = {
    "unidentified_at": "the date of an answer without an identity",
    "lookup_state": FUNCTION_COMMENTS["lookup_state"],
}


def upgrade() -> None:
    op.execute(JOURNAL)
    op.execute("create index library_journal_of_record on library_journal (library_id)")
    op.execute("create index library_journal_of_run on library_journal (run_id)")
    op.execute(REVERTS)
    for table in ("lml_resolution", "artwork_lookup"):
        op.execute(
            f"alter table {table} add column reverted_at timestamptz, add column reverted_by text"
        )
    op.execute("drop function unidentified_at, lookup_state")
    for function in (*FINGERPRINTS, UNIDENTIFIED_AT, LOOKUP_STATE):
        op.execute(function)
    for column, comment in COLUMN_COMMENTS.items():
        op.execute(f"comment on column {column} is '{comment}'")
    for name, comment in FUNCTION_COMMENTS.items():
        op.execute(f"comment on function {name} is '{comment}'")


def downgrade() -> None:
    op.execute(f"drop function {', '.join(FUNCTION_COMMENTS)}")
    op.execute(UNIDENTIFIED_AT_BEFORE)
    op.execute(LOOKUP_STATE_BEFORE)
    for name, comment in FUNCTION_COMMENTS_BEFORE.items():
        op.execute(f"comment on function {name} is '{comment}'")
    for table in ("lml_resolution", "artwork_lookup"):
        op.execute(f"alter table {table} drop column reverted_at, drop column reverted_by")
    op.execute("drop table library_revert, library_journal")
