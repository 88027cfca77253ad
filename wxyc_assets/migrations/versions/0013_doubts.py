"""Doubts about what is stored of a record, their counts by run, and an artist's own ids."""

from alembic import op

revision = "0013"
down_revision = "0012"

OWN_ID = """
    create function artist_own_id(
        source text, discogs_artist_id int, musicbrainz_artist_id text, wikidata_qid text,
        spotify_artist_id text, apple_music_artist_id text, bandcamp_id text
    )
    returns text
    language sql immutable parallel safe
    as $$
        select nullif(btrim(case source
            when 'discogs' then discogs_artist_id::text
            when 'musicbrainz' then lower(musicbrainz_artist_id)
            when 'wikidata' then wikidata_qid
            when 'spotify' then spotify_artist_id
            when 'apple_music' then apple_music_artist_id
            when 'bandcamp' then bandcamp_id
        end), '')
    $$
"""
COMMENTS = {
    "table library_doubts": "reasons to believe that what is stored about a record is not right",
    "column library_doubts.evidence": "what was found, in words",
    "column library_doubts.plays": "how often the record was played; null: nobody counts plays",
    "column library_doubts.found_at": "when it was first found",
    "column library_doubts.run_id": "the run that found it last",
    "table doubt_count": "how many doubts each run found, by reason",
    "column doubt_count.judged": "the identities, or covers, of the library at that time",
    "function artist_own_id": "the id that librarians gave an artist, in one source",
}


def upgrade() -> None:
    op.execute(
        """
        create table library_doubts (
            library_id int not null,
            reason text not null check (reason in (
                'other_own_id', 'shared_id', 'shared_name', 'contradicting_sources',
                'changed_mind', 'shared_cover', 'other_title', 'other_release'
            )),
            severity text not null check (severity in ('high', 'medium', 'low')),
            evidence text not null,
            plays int,
            found_at timestamptz not null,
            run_id text not null,
            primary key (library_id, reason)
        ) with (fillfactor = 70)
        """
    )
    op.execute(
        """
        create table doubt_count (
            run_id text not null,
            reason text not null,
            counted_at timestamptz not null,
            records int not null,
            judged int not null,
            primary key (run_id, reason)
        )
        """
    )
    op.execute(OWN_ID)
    for name, comment in COMMENTS.items():
        op.execute(f"comment on {name} is '{comment}'")


def downgrade() -> None:
    op.execute("drop function artist_own_id")
    op.execute("drop table doubt_count, library_doubts")
