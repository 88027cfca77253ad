-- Returns covers that LML found, where its title of the album is not the record's: the next ones after a
-- record, in id order. Of several results with the cover, the record's own counts.
select l.id as library_id, l.album_title, result.album as found_title
from library l
join artwork_lookup k on k.library_id = l.id and k.url = l.artwork_url
cross join lateral (
    select each.value #>> '{artwork,album}' as album
    from jsonb_array_elements(k.answer -> 'results') with ordinality each (value, place)
    where each.value #>> '{artwork,artwork_url}' = l.artwork_url
    order by each.value #>> '{library_item,id}' = l.legacy_release_id::text desc nulls last, place
    limit 1
) result
where l.id > %(after)s
and k.outcome = 'cover'
and not k.is_raced
and fold_artist_name(result.album) <> fold_artist_name(l.album_title)
order by l.id
limit %(limit)s
