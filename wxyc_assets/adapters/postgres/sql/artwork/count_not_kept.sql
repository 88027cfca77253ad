-- Returns the number of lookups in a range whose answer was not kept.
select count(*) as lookups
from artwork_lookup
where library_id between %(first)s and %(last)s
and answer is null
and outcome <> 'lml_refused'
