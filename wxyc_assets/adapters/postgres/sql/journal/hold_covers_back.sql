-- Marks the lookups behind some entries of the journal as reverted, if they are still the stored ones.
update artwork_lookup k
set
    reverted_at = coalesce(%(now)s::timestamptz, now()),
    reverted_by = %(run_id)s
from library_journal c
where c.entry = any(%(entries)s)
and c.subject = 'cover'
and k.library_id = c.library_id
and k.looked_up_at = c.decided_at
