-- Returns artist and title of some records, in id order.
select id as library_id, artist_name, album_title
from library
where id = any(%(library_ids)s)
order by id
