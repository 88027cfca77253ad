-- Returns the first covers of a range that we wrote and that are still there.
select k.artist_name, k.album_title, k.url
from artwork_lookup k
join library l on l.id = k.library_id and l.artwork_url = k.url
where k.library_id between %(first)s and %(last)s
and k.outcome = 'cover'
and k.applied_at is not null
and not k.is_raced
order by k.library_id
limit %(most)s
