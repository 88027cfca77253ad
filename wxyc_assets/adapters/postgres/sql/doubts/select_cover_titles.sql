-- Returns covers that LML found, where its title of the album is not the record's: the next ones after a
-- record, in id order.
select distinct on (l.id)
    l.id as library_id,
    l.album_title,
    result.value #>> '{artwork,album}' as found_title
from library l
join artwork_lookup k on k.library_id = l.id and k.url = l.artwork_url
cross join lateral jsonb_array_elements(k.answer -> 'results') result
where l.id > %(after)s
and k.outcome = 'cover'
and not k.is_raced
and result.value #>> '{artwork,artwork_url}' = l.artwork_url
and fold_artist_name(result.value #>> '{artwork,album}') <> fold_artist_name(l.album_title)
order by l.id
limit %(limit)s
