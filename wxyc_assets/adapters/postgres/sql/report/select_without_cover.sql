-- Returns the records that want a cover and have none, with the outcome of their last lookup.
select
    l.id as library_id,
    l.artist_name,
    l.album_title,
    g.genre_name,
    k.outcome,
    k.looked_up_at
from library l
join artists a on a.id = l.artist_id
join genres g on g.id = l.genre_id
left join artwork_lookup k on k.library_id = l.id
where l.artwork_url is null
and wants_cover(
    %(eligibility)s::text,
    a.artist_name,
    l.album_title,
    a.discogs_artist_id,
    l.discogs_unavailable,
    exists (
        select from library_identity_source s
        where s.library_id = l.id
        and s.source = 'discogs'
    )
)
order by l.id
