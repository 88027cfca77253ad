-- Deletes the entries that the journal has had since before a moment; returns their number.
with gone as (
    delete from library_journal
    where changed_at < coalesce(%(now)s::timestamptz, now()) - %(window)s
    returning 1
)
select count(*) as swept
from gone
