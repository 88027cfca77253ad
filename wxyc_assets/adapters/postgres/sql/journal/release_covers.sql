-- Takes back the mark of a revert on the lookups behind some entries of the journal.
update artwork_lookup k
set
    reverted_at = null,
    reverted_by = null
from library_journal c
where c.entry = any(%(entries)s)
and c.subject = 'cover'
and k.library_id = c.library_id
and k.reverted_by = %(reverted_run_id)s
