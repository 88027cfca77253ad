-- Takes the covers of a batch that a person rejected from the lookups, and returns those records.
update artwork_lookup k
set outcome = 'rejected', applied_at = null, is_raced = false, write_error = null
from rejected_value v
where k.library_id = any(%(library_ids)s)
and k.outcome = 'cover'
and v.legacy_release_id = k.legacy_release_id
and v.topic = 'cover'
and v.value = k.url
returning k.library_id
