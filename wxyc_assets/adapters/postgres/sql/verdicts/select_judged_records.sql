-- Returns the records of a range that people have judged.
select l.id as library_id
from library l
where l.id between %(first)s and %(last)s
and l.legacy_release_id in (select legacy_release_id from verdict)
order by l.id
