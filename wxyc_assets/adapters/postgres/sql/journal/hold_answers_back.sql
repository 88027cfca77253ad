-- Marks the answers behind some entries of the journal as reverted, if they are still the stored ones.
update lml_resolution r
set
    reverted_at = coalesce(%(now)s::timestamptz, now()),
    reverted_by = %(run_id)s
from library_journal c
where c.entry = any(%(entries)s)
and c.subject <> 'cover'
and r.library_id = c.library_id
and r.answered_at = c.decided_at
