-- Returns the records of a range whose identity lacks the release that we know. What we filled once stays
-- as it is, also when somebody empties it; a person's identity is not touched.
select r.library_id
from library_release r
join library_identity i on i.library_id = r.library_id
where r.library_id between %(first)s and %(last)s
and r.written_at is null
and i.discogs_release_id is null
and not (i.method = 'manual' and i.notes is distinct from %(mark)s)
order by r.library_id
