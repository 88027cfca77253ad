-- Deletes the releases of records that the Backend deleted before a moment; returns their number.
with gone as (
    delete from library_release s
    using library_delete_denylist d
    where d.library_id = s.library_id
    and d.deleted_at < coalesce(%(now)s::timestamptz, now()) - %(window)s
    and not exists (select from library l where l.id = s.library_id)
    returning 1
)
select count(*) as swept
from gone
