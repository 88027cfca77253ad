-- Brings back the identities and sources before some entries of the journal, as changes of a run; a
-- decision that is taken away goes to the history.
with change as materialized (
    select library_id, decided_at, before
    from library_journal
    where entry = any(%(entries)s)
),
identity_wanted as materialized (
    select
        c.library_id,
        c.before -> 'identity' as image,
        jsonb_typeof(c.before -> 'identity') as form,
        i.last_verified_at as verified_at,
        case when i.library_id is not null then jsonb_strip_nulls(
            to_jsonb(i) - '{library_id,distinct_unresolved_sources}'::text[]
        ) end as current_image
    from change c
    left join library_identity i on i.library_id = c.library_id
    where c.before ? 'identity'
),
source_wanted as materialized (
    select
        c.library_id,
        w.source,
        w.image,
        jsonb_typeof(w.image) as form,
        s.last_verified_at as verified_at,
        case when s.library_id is not null then jsonb_strip_nulls(
            to_jsonb(s) - '{library_id,source}'::text[]
        ) end as current_image
    from change c
    cross join lateral jsonb_each(c.before -> 'sources') w (source, image)
    left join library_identity_source s on s.library_id = c.library_id and s.source = w.source
),
history as (
    insert into library_identity_history (
        library_id, discogs_master_id, discogs_release_id, musicbrainz_release_group_mbid,
        musicbrainz_release_mbid, musicbrainz_recording_mbid, wikidata_qid, spotify_id,
        apple_music_id, last_verified_at, method, confidence, agreement_sources, notes,
        superseded_at, superseded_reason, reason_category
    )
    select
        i.library_id, i.discogs_master_id, i.discogs_release_id, i.musicbrainz_release_group_mbid,
        i.musicbrainz_release_mbid, i.musicbrainz_recording_mbid, i.wikidata_qid, i.spotify_id,
        i.apple_music_id, i.last_verified_at, i.method, i.confidence, i.agreement_sources, i.notes,
        coalesce(%(now)s::timestamptz, now()),
        'run ' || %(reverted_run_id)s || ' was reverted',
        'reverted'
    from library_identity i
    join identity_wanted w on w.library_id = i.library_id
    where w.form = 'null'
    or (
        w.form = 'object'
        and (i.method, i.confidence, i.wikidata_qid, i.spotify_id, i.apple_music_id)
            is distinct from (
                w.image ->> 'method',
                (w.image ->> 'confidence')::real,
                w.image ->> 'wikidata_qid',
                w.image ->> 'spotify_id',
                w.image ->> 'apple_music_id'
            )
    )
    or exists (
        select
        from source_wanted s
        where s.library_id = i.library_id
        and s.form <> 'string'
        and s.image ->> 'external_id' is distinct from s.current_image ->> 'external_id'
    )
),
identity_deleted as (
    delete from library_identity i
    using identity_wanted w
    where i.library_id = w.library_id
    and w.form = 'null'
),
identity_dated as (
    update library_identity i
    set last_verified_at = (w.image #>> '{}')::timestamptz
    from identity_wanted w
    where i.library_id = w.library_id
    and w.form = 'string'
    returning
        i.library_id,
        identity_fingerprint(
            i.discogs_master_id, i.discogs_release_id, i.musicbrainz_release_group_mbid,
            i.musicbrainz_release_mbid, i.musicbrainz_recording_mbid, i.wikidata_qid,
            i.spotify_id, i.apple_music_id, i.last_verified_at, i.method, i.confidence,
            i.agreement_sources, i.notes
        ) as fingerprint
),
identity_restored as (
    insert into library_identity as i (
        library_id, discogs_master_id, discogs_release_id, musicbrainz_release_group_mbid,
        musicbrainz_release_mbid, musicbrainz_recording_mbid, wikidata_qid, spotify_id,
        apple_music_id, last_verified_at, method, confidence, agreement_sources, notes
    )
    select
        w.library_id, r.discogs_master_id, r.discogs_release_id, r.musicbrainz_release_group_mbid,
        r.musicbrainz_release_mbid, r.musicbrainz_recording_mbid, r.wikidata_qid, r.spotify_id,
        r.apple_music_id, r.last_verified_at, r.method, r.confidence, r.agreement_sources, r.notes
    from identity_wanted w
    cross join lateral jsonb_to_record(
        case when w.form = 'object' then w.image else '{}' end
    ) as r (
        discogs_master_id int, discogs_release_id int, musicbrainz_release_group_mbid uuid,
        musicbrainz_release_mbid uuid, musicbrainz_recording_mbid uuid, wikidata_qid text,
        spotify_id text, apple_music_id text, last_verified_at timestamptz, method text,
        confidence real, agreement_sources text, notes text
    )
    where w.form = 'object'
    order by w.library_id
    on conflict (library_id) do update set
        discogs_master_id = excluded.discogs_master_id,
        discogs_release_id = excluded.discogs_release_id,
        musicbrainz_release_group_mbid = excluded.musicbrainz_release_group_mbid,
        musicbrainz_release_mbid = excluded.musicbrainz_release_mbid,
        musicbrainz_recording_mbid = excluded.musicbrainz_recording_mbid,
        wikidata_qid = excluded.wikidata_qid,
        spotify_id = excluded.spotify_id,
        apple_music_id = excluded.apple_music_id,
        last_verified_at = excluded.last_verified_at,
        method = excluded.method,
        confidence = excluded.confidence,
        agreement_sources = excluded.agreement_sources,
        notes = excluded.notes
    returning
        i.library_id,
        identity_fingerprint(
            i.discogs_master_id, i.discogs_release_id, i.musicbrainz_release_group_mbid,
            i.musicbrainz_release_mbid, i.musicbrainz_recording_mbid, i.wikidata_qid,
            i.spotify_id, i.apple_music_id, i.last_verified_at, i.method, i.confidence,
            i.agreement_sources, i.notes
        ) as fingerprint
),
source_deleted as (
    delete from library_identity_source s
    using source_wanted w
    where s.library_id = w.library_id
    and s.source = w.source
    and w.form = 'null'
),
source_dated as (
    update library_identity_source s
    set last_verified_at = (w.image #>> '{}')::timestamptz
    from source_wanted w
    where s.library_id = w.library_id
    and s.source = w.source
    and w.form = 'string'
    returning
        s.library_id,
        source_fingerprint(
            s.source, s.external_id, s.method, s.confidence, s.last_verified_at, s.boost_sources,
            s.notes
        ) as fingerprint
),
source_restored as (
    insert into library_identity_source as s (
        library_id, source, external_id, method, confidence, last_verified_at, boost_sources, notes
    )
    select
        w.library_id, w.source, r.external_id, r.method, r.confidence, r.last_verified_at,
        r.boost_sources, r.notes
    from source_wanted w
    cross join lateral jsonb_to_record(
        case when w.form = 'object' then w.image else '{}' end
    ) as r (
        external_id text, method text, confidence real, last_verified_at timestamptz,
        boost_sources text, notes text
    )
    where w.form = 'object'
    order by w.library_id, w.source
    on conflict (library_id, source) do update set
        external_id = excluded.external_id,
        method = excluded.method,
        confidence = excluded.confidence,
        last_verified_at = excluded.last_verified_at,
        boost_sources = excluded.boost_sources,
        notes = excluded.notes
    returning
        s.library_id,
        source_fingerprint(
            s.source, s.external_id, s.method, s.confidence, s.last_verified_at, s.boost_sources,
            s.notes
        ) as fingerprint
),
after as (
    select library_id, bit_xor(fingerprint) as fingerprint
    from (
        select * from identity_dated
        union all
        select * from identity_restored
        union all
        select * from source_dated
        union all
        select * from source_restored
    ) row_after
    group by library_id
),
sources_before as (
    select
        library_id,
        jsonb_object_agg(
            source, case when form = 'string' then to_jsonb(verified_at) else current_image end
        ) as images
    from source_wanted
    group by library_id
)
insert into library_journal (library_id, subject, run_id, changed_at, decided_at, before, after)
select
    c.library_id,
    'identity',
    %(run_id)s,
    coalesce(%(now)s::timestamptz, now()),
    c.decided_at,
    case
        when w.library_id is null then '{}'
        else jsonb_build_object(
            'identity',
            case when w.form = 'string' then to_jsonb(w.verified_at) else w.current_image end
        )
    end || jsonb_build_object('sources', coalesce(s.images, '{}')),
    coalesce(a.fingerprint, 0)
from change c
left join identity_wanted w on w.library_id = c.library_id
left join sources_before s on s.library_id = c.library_id
left join after a on a.library_id = c.library_id
order by c.library_id
