-- Writes identities, sources and history by the single_artist answers of a batch, less what a person
-- rejected, and the previous values into the journal; returns the verdict on each record, and false
-- for one that a trigger discarded.
with judged as materialized (
    select
        r.library_id,
        r.answered_at,
        r.answer,
        case
            when exists (select from verdict v where v.legacy_release_id = l.legacy_release_id)
            then (
                select array_agg(v.topic || ':' || v.value)
                from rejected_value v
                where v.legacy_release_id = l.legacy_release_id
            )
        end as rejected
    from lml_resolution r
    join library l on l.id = r.library_id
    where r.library_id = any(%(library_ids)s)
    -- The answer is about the record as it is named now. As a plain comparison the planner
    -- would expect one row of it, and join all that follows in nested loops.
    and case when l.artist_name = r.artist_name then true end
),
believed as materialized (
    select library_id, answered_at, rejected, without_rejected(answer, rejected) as answer
    from judged
),
answer as (
    select
        r.library_id,
        r.answered_at,
        r.rejected,
        r.answer ->> 'method' as method,
        (r.answer ->> 'confidence')::real as confidence,
        r.answer #>> '{main,wikidata_qid}' as wikidata_qid,
        r.answer #>> '{main,spotify_artist_id}' as spotify_id,
        r.answer #>> '{main,apple_music_artist_id}' as apple_music_id,
        case jsonb_typeof(r.answer -> 'provenance')
            when 'array' then r.answer -> 'provenance'
            else '[]'
        end as provenance
    from believed r
),
entry as (
    select
        a.library_id,
        e.place,
        e.said ->> 'source' as source,
        e.said ->> 'external_id' as external_id,
        e.said ->> 'method' as method,
        (e.said ->> 'confidence')::real as confidence
    from answer a
    cross join lateral jsonb_array_elements(a.provenance) with ordinality e (said, place)
),
writable as (
    select distinct on (library_id, source) library_id, source, external_id, method, confidence
    from entry
    where source is not null
    and confidence is not null
    and external_id is not null
    order by library_id, source, place desc
),
stored as materialized (
    select i.*, i.method = 'manual' and i.notes is distinct from %(mark)s as is_manual
    from library_identity i
    where i.library_id = any(%(library_ids)s)
    order by i.library_id
    for update
),
stored_source as materialized (
    select s.*
    from library_identity_source s
    where s.library_id = any(%(library_ids)s)
    order by s.library_id, s.source
    for update
),
pair as materialized (
    select
        w.*,
        s.library_id is not null as is_stored,
        s.external_id as old_external_id,
        s.method as old_method,
        s.confidence as old_confidence,
        s.last_verified_at as old_verified_at,
        s.boost_sources as old_boost_sources,
        s.notes as old_notes
    from writable w
    left join stored_source s on s.library_id = w.library_id and s.source = w.source
),
unmentioned as materialized (
    select s.*
    from stored_source s
    where s.notes = %(mark)s
    and not exists (
        select from entry e where e.library_id = s.library_id and e.source = s.source
    )
),
other_sources as materialized (
    select library_id
    from pair
    where old_external_id is distinct from external_id
    union
    select library_id
    from unmentioned
),
decision as materialized (
    select
        a.*,
        case
            when i.is_manual then 'manual'
            when i.last_verified_at > a.answered_at then 'outdated'
            when a.rejected is not null
                and not exists (select from writable w where w.library_id = a.library_id)
                then 'rejected'
            when i.library_id is null then 'new'
            when (i.method, i.confidence, i.wikidata_qid, i.spotify_id, i.apple_music_id)
                is distinct from
                (a.method, a.confidence, a.wikidata_qid, a.spotify_id, a.apple_music_id)
                then 'replaced'
            when o.library_id is not null then 'replaced'
            else 'same'
        end as verdict,
        i.last_verified_at as old_verified_at
    from answer a
    left join stored i on i.library_id = a.library_id
    left join other_sources o on o.library_id = a.library_id
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
        d.answered_at,
        'LML decided otherwise' || coalesce(
            '; it no longer mentions ' || (
                select string_agg(u.source, ', ' order by u.source)
                from unmentioned u
                where u.library_id = i.library_id
            ),
            ''
        ),
        'decision_changed'
    from stored i
    join decision d on d.library_id = i.library_id
    where d.verdict = 'replaced'
),
identity as (
    insert into library_identity as i (
        library_id, wikidata_qid, spotify_id, apple_music_id, last_verified_at, method, confidence,
        notes
    )
    select
        library_id, wikidata_qid, spotify_id, apple_music_id, answered_at, method, confidence,
        %(mark)s
    from decision
    where verdict in ('new', 'replaced')
    order by library_id
    on conflict (library_id) do update set
        wikidata_qid = excluded.wikidata_qid,
        spotify_id = excluded.spotify_id,
        apple_music_id = excluded.apple_music_id,
        last_verified_at = excluded.last_verified_at,
        method = excluded.method,
        confidence = excluded.confidence,
        notes = excluded.notes
    where i.method <> 'manual' or i.notes = %(mark)s
    returning
        i.library_id,
        identity_fingerprint(
            i.discogs_master_id, i.discogs_release_id, i.musicbrainz_release_group_mbid,
            i.musicbrainz_release_mbid, i.musicbrainz_recording_mbid, i.wikidata_qid,
            i.spotify_id, i.apple_music_id, i.last_verified_at, i.method, i.confidence,
            i.agreement_sources, i.notes
        ) as fingerprint
),
verified as (
    update library_identity i
    set last_verified_at = d.answered_at
    from decision d
    where d.library_id = i.library_id
    and d.verdict in ('same', 'manual')
    and i.last_verified_at < d.answered_at
    returning
        i.library_id,
        identity_fingerprint(
            i.discogs_master_id, i.discogs_release_id, i.musicbrainz_release_group_mbid,
            i.musicbrainz_release_mbid, i.musicbrainz_recording_mbid, i.wikidata_qid,
            i.spotify_id, i.apple_music_id, i.last_verified_at, i.method, i.confidence,
            i.agreement_sources, i.notes
        ) as fingerprint
),
source as (
    insert into library_identity_source as s
        (library_id, source, external_id, method, confidence, last_verified_at, notes)
    select
        w.library_id, w.source, w.external_id, w.method, w.confidence, d.answered_at, %(mark)s
    from pair w
    join decision d on d.library_id = w.library_id
    where d.verdict in ('new', 'replaced', 'same')
    order by w.library_id, w.source
    on conflict (library_id, source) do update set
        external_id = excluded.external_id,
        method = excluded.method,
        confidence = excluded.confidence,
        last_verified_at = excluded.last_verified_at,
        notes = excluded.notes
    where (s.external_id, s.method, s.confidence, s.last_verified_at, s.notes)
        is distinct from (
            excluded.external_id, excluded.method, excluded.confidence, excluded.last_verified_at,
            excluded.notes
        )
),
removed as (
    delete from library_identity_source s
    using unmentioned u, decision d
    where s.library_id = u.library_id
    and s.source = u.source
    and d.library_id = u.library_id
    and d.verdict in ('new', 'replaced')
),
-- For the journal, the row before (a date where only that moved, null where there was none) and the
-- fingerprint after.
source_change as (
    select
        w.library_id,
        w.source,
        case
            when not w.is_stored then null
            when (w.external_id, w.method, w.confidence, %(mark)s)
                is not distinct from (w.old_external_id, w.old_method, w.old_confidence, w.old_notes)
                then to_jsonb(w.old_verified_at)
            else jsonb_strip_nulls(jsonb_build_object(
                'external_id', w.old_external_id,
                'method', w.old_method,
                'confidence', w.old_confidence,
                'last_verified_at', w.old_verified_at,
                'boost_sources', w.old_boost_sources,
                'notes', w.old_notes
            ))
        end as before,
        source_fingerprint(
            w.source, w.external_id, w.method, w.confidence, d.answered_at, w.old_boost_sources,
            %(mark)s
        ) as fingerprint
    from pair w
    join decision d on d.library_id = w.library_id
    where d.verdict in ('new', 'replaced', 'same')
    and (
        (w.external_id, w.method, w.confidence, d.answered_at, %(mark)s)
        is distinct from
        (w.old_external_id, w.old_method, w.old_confidence, w.old_verified_at, w.old_notes)
    )
    union all
    select
        u.library_id,
        u.source,
        jsonb_strip_nulls(to_jsonb(u) - '{library_id,source}'::text[]),
        null
    from unmentioned u
    join decision d on d.library_id = u.library_id
    where d.verdict in ('new', 'replaced')
),
sources_change as (
    select
        library_id,
        jsonb_object_agg(source, before) as before,
        coalesce(bit_xor(fingerprint), 0) as fingerprint
    from source_change
    group by library_id
),
identity_after as (
    select * from identity
    union all
    select * from verified
),
replaced as (
    select
        i.library_id,
        jsonb_strip_nulls(
            to_jsonb(i) - '{library_id,is_manual,distinct_unresolved_sources}'::text[]
        ) as before
    from stored i
    join decision d on d.library_id = i.library_id
    where d.verdict = 'replaced'
),
journal as (
    insert into library_journal
        (library_id, subject, run_id, changed_at, decided_at, before, after)
    select
        d.library_id,
        'identity',
        %(run_id)s,
        coalesce(%(now)s::timestamptz, now()),
        d.answered_at,
        case
            when i.library_id is null then '{}'
            when d.verdict = 'new' then '{"identity": null}'
            else jsonb_build_object('identity', coalesce(r.before, to_jsonb(d.old_verified_at)))
        end || jsonb_build_object('sources', coalesce(s.before, '{}')),
        coalesce(i.fingerprint, 0) # coalesce(s.fingerprint, 0)
    from decision d
    left join identity_after i on i.library_id = d.library_id
    left join replaced r on r.library_id = d.library_id
    left join sources_change s on s.library_id = d.library_id
    where i.library_id is not null
    or s.library_id is not null
)
select
    d.library_id,
    d.verdict,
    d.verdict not in ('new', 'replaced') or i.library_id is not null as is_written
from decision d
left join identity i on i.library_id = d.library_id
