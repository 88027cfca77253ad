-- Brings identities and sources of a batch of records in line with what people chose and rejected;
-- what was withdrawn belongs to the machine again. Returns the records that changed, and how.
with record as (
    select id as library_id, legacy_release_id
    from library
    where id = any(%(library_ids)s)
),
chosen as (
    select r.library_id, c.topic, c.value, c.decided_at
    from chosen_value c
    join record r on r.legacy_release_id = c.legacy_release_id
    where c.topic <> 'cover'
),
rejected as (
    select r.library_id, v.topic, v.value
    from rejected_value v
    join record r on r.legacy_release_id = v.legacy_release_id
    where v.topic <> 'cover'
),
stored as materialized (
    select i.*
    from library_identity i
    where i.library_id = any(%(library_ids)s)
    order by i.library_id
    for update
),
stored_source as materialized (
    select
        s.*,
        exists (
            select
            from rejected x
            where x.library_id = s.library_id
            and x.topic = s.source
            and x.value = s.external_id
        ) as is_rejected,
        exists (
            select from chosen c where c.library_id = s.library_id and c.topic = s.source
        ) as is_chosen
    from library_identity_source s
    where s.library_id = any(%(library_ids)s)
),
target as materialized (
    select
        r.library_id,
        c.decided_at,
        c.library_id is not null as is_chosen,
        coalesce(
            c.wikidata_qid, case when x.topics ? 'wikidata' is not true then i.wikidata_qid end
        ) as wikidata_qid,
        coalesce(
            c.spotify_id, case when x.topics ? 'spotify' is not true then i.spotify_id end
        ) as spotify_id,
        coalesce(
            c.apple_music_id, case when x.topics ? 'apple_music' is not true then i.apple_music_id end
        ) as apple_music_id,
        s.are_taken,
        s.are_kept
    from record r
    left join stored i on i.library_id = r.library_id
    left join (
        select
            library_id,
            max(decided_at) as decided_at,
            max(value) filter (where topic = 'wikidata') as wikidata_qid,
            max(value) filter (where topic = 'spotify') as spotify_id,
            max(value) filter (where topic = 'apple_music') as apple_music_id
        from chosen
        group by library_id
    ) c on c.library_id = r.library_id
    left join lateral (
        select jsonb_object_agg(v.topic, true) as topics
        from rejected v
        where v.library_id = r.library_id
        and v.value = case v.topic
            when 'wikidata' then i.wikidata_qid
            when 'spotify' then i.spotify_id
            when 'apple_music' then i.apple_music_id
        end
    ) x on true
    cross join lateral (
        select
            coalesce(bool_or(is_rejected), false) as are_taken,
            coalesce(bool_or(not is_rejected), false) as are_kept
        from stored_source s
        where s.library_id = r.library_id
    ) s
),
decision as materialized (
    select
        t.*,
        case
            when t.is_chosen then case
                when i.library_id is null
                    or i.method <> 'manual'
                    or i.notes is distinct from %(person_mark)s
                    or n.are_new
                    or t.are_taken
                    or d.has_other_ids
                then 'written'
            end
            when i.library_id is null then case when t.are_taken then 'removed' end
            when not t.are_kept
                and (t.are_taken or d.has_other_ids)
                and coalesce(t.wikidata_qid, t.spotify_id, t.apple_music_id) is null
                then 'removed'
            when i.method = 'manual' and i.notes = %(person_mark)s then 'released'
            when t.are_taken or d.has_other_ids then 'reduced'
        end as action
    from target t
    left join stored i on i.library_id = t.library_id
    cross join lateral (
        select (i.wikidata_qid, i.spotify_id, i.apple_music_id)
            is distinct from (t.wikidata_qid, t.spotify_id, t.apple_music_id) as has_other_ids
    ) d
    cross join lateral (
        select exists (
            select
            from chosen c
            left join stored_source s on s.library_id = c.library_id and s.source = c.topic
            where c.library_id = t.library_id
            and s.external_id is distinct from c.value
        ) as are_new
    ) n
),
history as (
    insert into library_identity_history (
        library_id, discogs_master_id, discogs_release_id, musicbrainz_release_group_mbid,
        musicbrainz_release_mbid, musicbrainz_recording_mbid, wikidata_qid, spotify_id,
        apple_music_id, last_verified_at, method, confidence, agreement_sources, notes,
        superseded_reason, reason_category
    )
    select
        i.library_id, i.discogs_master_id, i.discogs_release_id, i.musicbrainz_release_group_mbid,
        i.musicbrainz_release_mbid, i.musicbrainz_recording_mbid, i.wikidata_qid, i.spotify_id,
        i.apple_music_id, i.last_verified_at, i.method, i.confidence, i.agreement_sources, i.notes,
        'a person decided', 'person_decided'
    from stored i
    join decision d on d.library_id = i.library_id
    where d.action is not null
),
removed_source as (
    delete from library_identity_source s
    using stored_source x
    where s.library_id = x.library_id
    and s.source = x.source
    and x.is_rejected
    and not x.is_chosen
    returning s.library_id
),
released_source as (
    update library_identity_source s
    set notes = %(mark)s
    from stored_source x
    where s.library_id = x.library_id
    and s.source = x.source
    and x.notes = %(person_mark)s
    and not x.is_chosen
    and not x.is_rejected
),
written_source as (
    insert into library_identity_source as s
        (library_id, source, external_id, method, confidence, last_verified_at, notes)
    select library_id, topic, value, 'manual', 1, decided_at, %(person_mark)s
    from chosen
    order by library_id, topic
    on conflict (library_id, source) do update set
        external_id = excluded.external_id,
        method = excluded.method,
        confidence = excluded.confidence,
        last_verified_at = excluded.last_verified_at,
        notes = excluded.notes
    where (s.external_id, s.method, s.notes)
        is distinct from (excluded.external_id, excluded.method, excluded.notes)
    returning s.library_id
),
written as (
    insert into library_identity as i (
        library_id, wikidata_qid, spotify_id, apple_music_id, last_verified_at, method, confidence,
        notes
    )
    select
        library_id, wikidata_qid, spotify_id, apple_music_id, decided_at, 'manual', 1,
        %(person_mark)s
    from decision
    where action = 'written'
    order by library_id
    on conflict (library_id) do update set
        wikidata_qid = excluded.wikidata_qid,
        spotify_id = excluded.spotify_id,
        apple_music_id = excluded.apple_music_id,
        last_verified_at = greatest(i.last_verified_at, excluded.last_verified_at),
        method = excluded.method,
        confidence = excluded.confidence,
        notes = excluded.notes
),
reduced as (
    update library_identity i
    set
        wikidata_qid = d.wikidata_qid,
        spotify_id = d.spotify_id,
        apple_music_id = d.apple_music_id,
        notes = case when d.action = 'released' then %(mark)s else i.notes end,
        last_verified_at = case
            when d.action = 'released' then least(i.last_verified_at, r.answered_at)
            else i.last_verified_at
        end
    from decision d
    left join lml_resolution r on r.library_id = d.library_id
    where i.library_id = d.library_id
    and d.action in ('released', 'reduced')
),
removed as (
    delete from library_identity i
    using decision d
    where i.library_id = d.library_id
    and d.action = 'removed'
)
select
    d.library_id,
    d.action,
    (select count(*) from removed_source r where r.library_id = d.library_id) as ids_removed,
    (select count(*) from written_source w where w.library_id = d.library_id) as ids_written
from decision d
where d.action is not null
order by d.library_id
