-- Looked at first: the statement trigger on library fires for an UPDATE of nothing, too.
select id as library_id
from library
where id = any(%(library_ids)s)
and artwork_url is null
order by id
for no key update
