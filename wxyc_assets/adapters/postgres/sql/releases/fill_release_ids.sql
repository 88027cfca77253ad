-- Writes the releases of a batch to identities that still have none, with an entry in the journal for
-- each; returns their records.
with stored as materialized (
    select i.*
    from library_identity i
    where i.library_id = any(%(library_ids)s)
    and i.discogs_release_id is null
    and not (i.method = 'manual' and i.notes is distinct from %(mark)s)
    order by i.library_id
    for no key update
),
filled as (
    update library_identity i
    set discogs_release_id = r.release_id
    from stored s
    join library_release r on r.library_id = s.library_id
    where i.library_id = s.library_id
    returning
        i.library_id,
        i.discogs_release_id = r.release_id as is_written,
        r.answered_at,
        jsonb_strip_nulls(
            to_jsonb(s) - '{library_id,distinct_unresolved_sources}'::text[]
        ) as before,
        identity_fingerprint(
            i.discogs_master_id, i.discogs_release_id, i.musicbrainz_release_group_mbid,
            i.musicbrainz_release_mbid, i.musicbrainz_recording_mbid, i.wikidata_qid,
            i.spotify_id, i.apple_music_id, i.last_verified_at, i.method, i.confidence,
            i.agreement_sources, i.notes
        ) as fingerprint
),
dated as (
    update library_release r
    set
        written_at = coalesce(%(now)s::timestamptz, now()),
        written_by = %(run_id)s
    from filled f
    where r.library_id = f.library_id
),
journal as (
    insert into library_journal
        (library_id, subject, run_id, changed_at, decided_at, before, after)
    select
        library_id,
        'identity',
        %(run_id)s,
        coalesce(%(now)s::timestamptz, now()),
        answered_at,
        jsonb_build_object('identity', before, 'sources', '{}'::jsonb),
        fingerprint
    from filled
    order by library_id
)
select library_id, is_written
from filled
