-- Writes the stored covers of a batch to the records that still have none, and returns those.
update library l
set artwork_url = k.url
from artwork_lookup k
where k.library_id = l.id
and l.id = any(%(library_ids)s)
and l.artwork_url is null
returning l.id as library_id
