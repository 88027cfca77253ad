-- Returns the eligible records of a range, those with a cover, the lookups made, and those of them whose
-- cover was taken back.
select
    count(*) as albums,
    count(*) filter (where l.artwork_url is not null) as covered,
    (
        select count(*) from artwork_lookup where library_id between %(first)s and %(last)s
    ) as lookups,
    (
        select count(reverted_at) from artwork_lookup where library_id between %(first)s and %(last)s
    ) as reverted
from library l
join artists a on a.id = l.artist_id
where l.id between %(first)s and %(last)s
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
