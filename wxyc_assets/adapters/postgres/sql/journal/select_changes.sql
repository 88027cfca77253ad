-- Returns the entries that a run made in the journal, by record, the newest of each first.
select entry, library_id, subject
from library_journal
where run_id = %(run_id)s
order by library_id, entry desc
