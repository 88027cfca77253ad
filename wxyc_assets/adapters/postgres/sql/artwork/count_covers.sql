select
    count(*) as albums,
    count(*) filter (where l.artwork_url is not null) as covered,
    (
        select count(*) from artwork_lookup where library_id between %(first)s and %(last)s
    ) as lookups
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
