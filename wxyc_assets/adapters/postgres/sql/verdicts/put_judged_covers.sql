-- Writes or removes the covers of records as people decided.
update library l
set artwork_url = j.url
from unnest(%(library_ids)s::int[], %(urls)s::text[]) as j (library_id, url)
where l.id = j.library_id
