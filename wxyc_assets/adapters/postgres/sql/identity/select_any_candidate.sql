-- Returns one candidate of a range, if there is any.
select library_id
from library_candidate
where library_id between %(first)s and %(last)s
limit 1
