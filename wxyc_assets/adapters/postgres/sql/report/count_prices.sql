-- Returns one row: the live Discogs requests of lookups since a moment, as far as LML told them, and
-- the covers that those lookups found for the first time. Formats of one album share a lookup.
select
    coalesce(sum(requests), 0)::int as requests,
    coalesce(sum(covers), 0)::int as covers
from (
    select
        max(api_calls) as requests,
        count(*) filter (where outcome = 'cover' and previous_outcome is distinct from 'cover')
            as covers
    from artwork_lookup
    where looked_up_at >= %(since)s
    and api_calls is not null
    group by artist_name, album_title, run_id
) lookup
