-- Takes back the mark of a revert on the answers behind some entries of the journal.
update lml_resolution r
set
    reverted_at = null,
    reverted_by = null
from library_journal c
where c.entry = any(%(entries)s)
and c.subject <> 'cover'
and r.library_id = c.library_id
and r.reverted_by = %(reverted_run_id)s
