-- Takes the covers of a batch out of the library if they are still the ones that we wrote.
update library l
set artwork_url = null
from artwork_lookup k
where l.id = any(%(library_ids)s)
and k.library_id = l.id
and l.artwork_url = k.url
and k.applied_at is not null
and not k.is_raced
returning l.id as library_id
