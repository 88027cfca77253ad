"""LML's answers to lookups, kept whole, and what follows from them: releases and decisions."""

from alembic import op

revision = "0010"
down_revision = "0009"

COMMENTS = {
    "artwork_lookup.answer": "LML's answer, verbatim but for what JSONB cannot hold; null where it "
    "was not kept: LML refused, or the lookup is older than this column",
    "artwork_lookup.unstorable": "what JSONB cannot hold of the answer, escaped, by its place",
    "artwork_lookup.api_calls": "live Discogs requests that the answer took, if it said so",
    "artwork_lookup.rules_version": "the version of the rules that decided on the cover",
    "artwork_lookup.min_confidence": "the floor that the decision was made with; null before 0010",
    "artwork_lookup.decided_at": "when it was decided again, from the stored answer",
    "artwork_lookup.decided_by": "the run that decided again; null: the run that looked it up",
    "lml_resolution.rules_version": "the version of the rules by which the answer was applied",
    "library_release.release_id": "the Discogs release of the record",
    "library_release.artist_name": "its artist, as LML gave it",
    "library_release.album_title": "its title, as LML gave it",
    "library_release.canonical_entity": "discogs:master:N, or discogs:release:N without a master",
    "library_release.streaming": "links to the album on streaming services, by service",
    "library_release.rules_version": "the version of the rules that chose the release",
    "library_release.answered_at": "when LML gave the answer that the row follows from",
    "library_release.run_id": "the run that derived the row",
    "superseded_decision.decision": "identity: the kind of LML's answer, or refused; cover: the "
    "outcome of the lookup",
    "superseded_decision.words": "identity: LML's answer, without tracks; cover: what was decided, "
    "and by which rules",
    "library_release.written_at": "when we wrote the release to library_identity",
    "library_release.written_by": "the run that wrote it",
}


# Triggers, so that every writer's decisions are on record. A WHEN that is false costs no call.
NOTE_ANSWER = """
    create function note_superseded_answer()
    returns trigger
    language plpgsql
    set search_path from current
    as $$
    begin
        insert into superseded_decision
            (library_id, subject, decision, decided_at, run_id, rules_version, words)
        values (
            old.library_id, 'identity', coalesce(old.kind, 'refused'), old.answered_at, old.run_id,
            old.rules_version,
            coalesce(old.answer - 'tracks', jsonb_build_object('refusal', old.refusal))
        );
        return null;
    end
    $$
"""
NOTE_LOOKUP = """
    create function note_superseded_lookup()
    returns trigger
    language plpgsql
    set search_path from current
    as $$
    begin
        insert into superseded_decision
            (library_id, subject, decision, decided_at, run_id, rules_version, words)
        values (
            old.library_id, 'cover', old.outcome, coalesce(old.decided_at, old.looked_up_at),
            coalesce(old.decided_by, old.run_id), old.rules_version,
            jsonb_strip_nulls(
                jsonb_build_object(
                    'url', old.url, 'confidence', old.confidence, 'match', old.match,
                    'min_confidence', old.min_confidence, 'refusal', old.refusal
                )
            )
        );
        return null;
    end
    $$
"""
ANSWER_TRIGGER = """
    create trigger lml_resolution_superseded
    after update of answered_at on lml_resolution
    for each row
    when (
        (old.kind, old.refusal) is distinct from (new.kind, new.refusal)
        or old.kind = 'single_artist'
            and (old.answer -> 'main', old.answer -> 'method', old.answer -> 'confidence')
            is distinct from
            (new.answer -> 'main', new.answer -> 'method', new.answer -> 'confidence')
    )
    execute function note_superseded_answer()
"""
LOOKUP_TRIGGER = """
    create trigger artwork_lookup_superseded
    after update of outcome on artwork_lookup
    for each row
    when (
        old.outcome <> 'unconfirmed'
        and (old.outcome, old.url) is distinct from (new.outcome, new.url)
    )
    execute function note_superseded_lookup()
"""
DECISIONS = """
    create table superseded_decision (
        library_id int not null,
        subject text not null check (subject in ('identity', 'cover')),
        decision text not null,
        decided_at timestamptz not null,
        run_id text not null,
        rules_version int not null,
        words jsonb not null check (jsonb_typeof(words) = 'object'),
        superseded_at timestamptz not null default now()
    )
"""


def upgrade() -> None:
    op.execute(
        """
        alter table artwork_lookup
            add column answer jsonb,
            add column unstorable jsonb,
            add column api_calls int,
            add column rules_version int not null default 1,
            add column min_confidence float8,
            add column decided_at timestamptz,
            add column decided_by text,
            add check (answer is null or outcome <> 'lml_refused')
        """
    )
    # The rows that are there were decided by the first version of the rules.
    op.execute("alter table artwork_lookup alter column rules_version drop default")
    op.execute("alter table lml_resolution add column rules_version int not null default 1")
    op.execute(
        """
        create table library_release (
            library_id int primary key,
            release_id int not null check (release_id > 0),
            artist_name text not null,
            album_title text not null,
            confidence float8 not null check (confidence between 0 and 1),
            canonical_entity text not null,
            streaming jsonb not null check (jsonb_typeof(streaming) = 'object'),
            rules_version int not null,
            answered_at timestamptz not null,
            derived_at timestamptz not null,
            run_id text not null,
            written_at timestamptz,
            written_by text,
            check ((written_at is null) = (written_by is null))
        ) with (fillfactor = 70)
        """
    )
    op.execute(
        "comment on table library_release is "
        "'the Discogs release that a lookup found for a record, and what else its answer says'"
    )
    for statement in (DECISIONS, NOTE_ANSWER, NOTE_LOOKUP, ANSWER_TRIGGER, LOOKUP_TRIGGER):
        op.execute(statement)
    op.execute("create index superseded_decision_of_record on superseded_decision (library_id)")
    op.execute(
        "comment on table superseded_decision is "
        "'what was decided about a record, until something else was decided'"
    )
    for column, comment in COMMENTS.items():
        quoted = comment.replace("'", "''")
        op.execute(f"comment on column {column} is '{quoted}'")
    _compress_with_lz4("artwork_lookup", "lml_resolution")


def _compress_with_lz4(*tables: str) -> None:
    """Faster than pglz in both directions; a server may be built without it."""
    for table in tables:
        op.execute(
            f"""
            do $$
            begin
                if exists (
                    select from pg_settings
                    where name = 'default_toast_compression' and 'lz4' = any(enumvals)
                ) then
                    alter table {table} alter column answer set compression lz4;
                end if;
            end
            $$
            """
        )


def downgrade() -> None:
    op.execute("drop trigger artwork_lookup_superseded on artwork_lookup")
    op.execute("drop trigger lml_resolution_superseded on lml_resolution")
    op.execute("drop function note_superseded_answer, note_superseded_lookup")
    op.execute("drop table superseded_decision, library_release")
    op.execute("alter table lml_resolution drop column rules_version")
    op.execute("alter table lml_resolution alter column answer set compression default")
    op.execute(
        "alter table artwork_lookup drop column answer, drop column unstorable, "
        "drop column api_calls, drop column rules_version, drop column min_confidence, "
        "drop column decided_at, drop column decided_by"
    )
