-- Locks and returns the records of a batch that have no cover. Without this the statement trigger
-- on library would fire for an UPDATE of no rows, too.
select id as library_id
from library
where id = any(%(library_ids)s)
and artwork_url is null
order by id
for no key update
