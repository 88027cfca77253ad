-- Returns for some entries of the journal how many changes each holds, how many of these still stand in
-- the tables, and the last later entry of another run about the same.
with change as materialized (
    select *
    from library_journal
    where entry = any(%(entries)s)
),
identity_now as (
    select c.entry, (coalesce(bit_xor(now.fingerprint), 0) = c.after)::int as standing
    from change c
    left join lateral (
        select
            identity_fingerprint(
                i.discogs_master_id, i.discogs_release_id, i.musicbrainz_release_group_mbid,
                i.musicbrainz_release_mbid, i.musicbrainz_recording_mbid, i.wikidata_qid,
                i.spotify_id, i.apple_music_id, i.last_verified_at, i.method, i.confidence,
                i.agreement_sources, i.notes
            ) as fingerprint
        from library_identity i
        where i.library_id = c.library_id
        and c.before ? 'identity'
        union all
        select
            source_fingerprint(
                s.source, s.external_id, s.method, s.confidence, s.last_verified_at,
                s.boost_sources, s.notes
            )
        from library_identity_source s
        where s.library_id = c.library_id
        and (c.before -> 'sources') ? s.source
    ) now on true
    where c.subject = 'identity'
    group by c.entry, c.after
),
credits_now as (
    select
        c.entry,
        count(*) as changes,
        count(*) filter (
            where credit_fingerprint(
                t.track_artist_id, t.track_artist_link_confidence, t.track_artist_link_method,
                t.track_position
            ) = (b.said ->> 5)::bigint
            and t.id is not null
        ) as standing
    from change c
    cross join lateral jsonb_array_elements(c.before) b (said)
    left join compilation_track_artist t
        on t.id = (b.said ->> 0)::int
        and t.library_id = c.library_id
    where c.subject = 'credits'
    group by c.entry
)
select
    c.entry,
    c.library_id,
    c.subject,
    l.id is null as is_gone,
    coalesce(n.changes, 1) as changes,
    case
        when l.id is null then 0
        when c.subject = 'identity' then i.standing
        when c.subject = 'credits' then n.standing
        when c.subject = 'attempt'
            then (value_fingerprint(l.unresolved_attempted_at) = c.after)::int
        else (value_fingerprint(l.artwork_url) = c.after)::int
    end as standing,
    later.entry as later_entry,
    later.run_id as later_run_id,
    coalesce(r.reverted_run_id = c.run_id, false) as later_is_its_revert
from change c
left join library l on l.id = c.library_id
left join identity_now i on i.entry = c.entry
left join credits_now n on n.entry = c.entry
left join lateral (
    select j.entry, j.run_id
    from library_journal j
    where j.library_id = c.library_id
    and j.subject = c.subject
    and j.run_id <> c.run_id
    and j.entry > c.entry
    order by j.entry desc
    limit 1
) later on true
left join library_revert r on r.run_id = later.run_id
order by c.library_id, c.entry desc
