-- Dates attempts on the library records by the stored answers.
update library l
set unresolved_attempted_at = r.answered_at
from lml_resolution r
where r.library_id = l.id
and l.id = any(%(library_ids)s)
