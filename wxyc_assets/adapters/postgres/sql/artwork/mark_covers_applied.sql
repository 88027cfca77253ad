-- Dates the covers of a batch as written, or as raced by another writer.
update artwork_lookup k
set
    applied_at = coalesce(%(now)s::timestamptz, now()),
    is_raced = a.is_raced,
    write_error = null
from unnest(%(library_ids)s::int[], %(are_raced)s::bool[]) as a (library_id, is_raced)
where k.library_id = a.library_id
