-- Returns how many stored answers of a range of ids are not in the tables, or differ from them, with
-- the first few of those.
with believed as (
    select
        r.library_id,
        r.artist_name,
        r.kind,
        r.is_rejected,
        r.reverted_at,
        r.answered_at,
        r.applied_at,
        case
            when x.rejected is null then r.answer  -- nearly always, and the call is dear
            else without_rejected(r.answer, x.rejected)
        end as answer
    from lml_resolution r
    join library l on l.id = r.library_id
    left join (
        select legacy_release_id, array_agg(topic || ':' || value) as rejected
        from rejected_value
        group by legacy_release_id
    ) x on x.legacy_release_id = l.legacy_release_id
    where r.library_id between %(first)s and %(last)s
    and r.answer is not null
),
judged as (
    select
        r.library_id,
        case
            when r.applied_at is null then 'not_written'
            when r.kind <> 'single_artist' or r.is_rejected or r.reverted_at is not null then null
            when i.method = 'manual' and i.notes is distinct from %(mark)s then null
            when i.library_id is null or i.last_verified_at < r.answered_at then 'differing'
            when i.last_verified_at > r.answered_at then null
            when (i.method, i.confidence, i.wikidata_qid, i.spotify_id, i.apple_music_id)
                is distinct from (
                    r.answer ->> 'method',
                    (r.answer ->> 'confidence')::real,
                    r.answer #>> '{main,wikidata_qid}',
                    r.answer #>> '{main,spotify_artist_id}',
                    r.answer #>> '{main,apple_music_artist_id}'
                )
            then 'differing'
        end as finding
    from believed r
    join library l on l.id = r.library_id and l.artist_name = r.artist_name
    left join library_identity i on i.library_id = r.library_id
)
select
    count(*) as stored,
    count(*) filter (where finding = 'not_written') as not_written,
    count(*) filter (where finding = 'differing') as differing,
    array(
        select library_id from judged where finding is not null order by library_id limit 10
    ) as offenders
from judged
