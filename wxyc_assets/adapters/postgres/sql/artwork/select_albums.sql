-- Every library row that may want a cover, and what is known of it. A stored outcome serves only
-- the names and the rules that it was found by.
with moment as (
    select coalesce(%(now)s::timestamptz, now()) - %(retry_window)s as retry_from
),
album as (
    select
        l.id as library_id,
        a.artist_name,
        l.album_title,
        l.legacy_release_id,
        l.artwork_url is not null as is_covered
    from library l
    join artists a on a.id = l.artist_id
    where l.id between %(first)s and %(last)s
    and not l.discogs_unavailable
    and case %(eligibility)s::text
        when 'all' then btrim(a.artist_name) <> '' and btrim(l.album_title) <> ''
        when 'identity' then a.discogs_artist_id is not null or exists (
            select from library_identity_source s
            where s.library_id = l.id
            and s.source = 'discogs'
        )
        else a.discogs_artist_id is not null
    end
),
known as (
    select
        album.*,
        case
            when k.outcome = 'cover' and (k.write_error is null or k.looked_up_at > retry_from)
            then case when k.applied_at is null then 'waiting' else 'due' end
            when k.outcome not in ('cover', 'unknown') and k.looked_up_at > retry_from
            then 'resting'
            else 'due'
        end as state
    from album
    cross join moment
    left join artwork_lookup k
        on k.library_id = album.library_id
        and k.artist_name = album.artist_name
        and k.album_title = album.album_title
        and k.legacy_release_id = album.legacy_release_id
        and k.match = %(match)s
        and case
            when k.match = 'careful' and k.outcome in ('cover', 'below_floor')
            then (k.outcome = 'cover') = coalesce(k.confidence >= %(least_confidence)s, false)
            else true
        end
)
select library_id, artist_name, album_title, legacy_release_id, is_covered, state
from known
where not is_covered or state = 'waiting'
order by library_id
